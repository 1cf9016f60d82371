import { chownSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { GuardedDirectory, GuardedProcess, type User } from '../backends/guard.ts';
import { readEntryPoint, readVariables } from './dockerfile.ts';

/** The bundle that the image runs. */
export const bundle = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

export interface OperatorOptions {
  /** With the operator's own service account in it: it runs under the RBAC of config/. */
  readonly kubeconfig: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly config: Readonly<Record<string, unknown>>;
  /** Absent: the bundle as it was built, by this process's Node and user. */
  readonly installed?: Installed;
}

/** A copy of what the image holds. */
export interface Installed {
  readonly node: string;
  readonly bundle: string;
  readonly user: User | undefined;
}

/** One line of the operator's log. */
export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly [field: string]: unknown;
}

/** The operator as a process of its own, started as the image starts it. */
export class Operator {
  private constructor(
    private readonly home: GuardedDirectory,
    private readonly process: GuardedProcess,
    readonly logFile: string,
  ) {}

  static start({
    kubeconfig,
    environment,
    config,
    installed = { node: 'node', bundle, user: undefined },
  }: OperatorOptions): Operator {
    const { user } = installed;
    const home = GuardedDirectory.create('irsa-operator');
    const configFile = join(home.path, 'config.yaml');
    const logFile = join(home.path, 'operator.log');
    writeFileSync(configFile, stringify(config));
    if (user) chownSync(home.path, user.uid, user.gid);
    const process = GuardedProcess.start(
      installed.node,
      [...readEntryPoint().flags, installed.bundle, '--config', configFile],
      {
        log: logFile,
        // Those of this process are for tests.
        env: { ...readVariables(), NODE_OPTIONS: '', KUBECONFIG: kubeconfig, ...environment },
        ...(user && { user }),
      },
    );
    return new Operator(home, process, logFile);
  }

  log(): LogLine[] {
    return readFileSync(this.logFile, 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as LogLine);
  }

  /** All that it printed, for looking for what must not be there. */
  output(): string {
    return readFileSync(this.logFile, 'utf8');
  }

  /** kill -9. */
  kill(): Promise<void> {
    return this.process.stop();
  }

  /** SIGTERM, and waits until it has ended. Gives its exit code. */
  terminate(): Promise<number | null> {
    return this.process.terminate();
  }

  get exited(): boolean {
    return this.process.exited;
  }

  /** Removes its log. */
  async remove(): Promise<void> {
    await this.kill();
    await this.home.remove();
  }
}
