import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { GuardedDirectory, GuardedProcess } from '../backends/guard.ts';

/** The bundle that the image runs. */
export const bundle = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

export interface OperatorOptions {
  /** With the operator's own service account in it: it runs under the RBAC of config/. */
  readonly kubeconfig: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly config: Readonly<Record<string, unknown>>;
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

  static start(options: OperatorOptions): Operator {
    const home = GuardedDirectory.create('irsa-operator');
    const configFile = join(home.path, 'config.yaml');
    const logFile = join(home.path, 'operator.log');
    writeFileSync(configFile, stringify(options.config));
    const args = ['--permission', '--allow-fs-read=*', '--enable-source-maps', bundle, '--config', configFile];
    const process = GuardedProcess.start('node', args, {
      log: logFile,
      env: { KUBECONFIG: options.kubeconfig, ...options.environment },
    });
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
