import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, realpathSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { plainEnvironment } from './plain-environment.ts';

const guardScript = readFileSync(new URL('./guard.sh', import.meta.url), 'utf8');

/**
 * Starts guard.sh in a session of its own, so that Ctrl-C in the terminal reaches only us,
 * and lets us end without waiting for it: our end is what it waits for.
 */
function spawnGuard(args: readonly string[], options: SpawnOptions, output: number | 'ignore'): ChildProcess {
  // By its text: another user may not get at the file.
  const command = ['-c', guardScript, 'guard.sh', ...args];
  const guard = spawn('sh', command, { ...options, detached: true, stdio: ['pipe', output, output] });
  guard.unref();
  if (guard.stdin instanceof Socket) guard.stdin.unref();
  return guard;
}

async function release(guard: ChildProcess): Promise<void> {
  if (guard.exitCode !== null || guard.signalCode !== null) return;
  guard.ref();
  const exited = once(guard, 'exit');
  guard.stdin?.end();
  await exited;
}

/** A temporary directory that is gone when this process is, however it ends. */
export class GuardedDirectory {
  private constructor(
    readonly path: string,
    private readonly guard: ChildProcess,
  ) {}

  static create(prefix: string): GuardedDirectory {
    const path = realpathSync(mkdtempSync(join(tmpdir(), `${prefix}-`)));
    return new GuardedDirectory(path, spawnGuard(['remove', path], {}, 'ignore'));
  }

  remove(): Promise<void> {
    return release(this.guard);
  }
}

export interface GuardedProcessOptions {
  /** The file that standard output and standard error are appended to. */
  readonly log: string;
  /** Set besides what is plain of this process's own environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Who runs it and its guard; only root can choose. Absent: who runs this process. */
  readonly user?: User;
}

export interface User {
  readonly uid: number;
  readonly gid: number;
}

/** A back end's program, which is killed when this process ends, however it ends. */
export class GuardedProcess {
  private constructor(
    private readonly program: string,
    private readonly log: string,
    private readonly guard: ChildProcess,
  ) {}

  static start(program: string, args: readonly string[], options: GuardedProcessOptions): GuardedProcess {
    const output = openSync(options.log, 'a');
    const env = { ...plainEnvironment(), ...options.env };
    // Another user may not even look into this process's working directory.
    const as = options.user && { ...options.user, cwd: '/' };
    const guard = spawnGuard(['run', program, ...args], { env, ...as }, output);
    closeSync(output);
    return new GuardedProcess(program, options.log, guard);
  }

  /**
   * Waits until `probe` no longer throws, and gives what that found; says what the program printed where it ends
   * before, or takes too long.
   */
  async ready<Found>(probe: () => Promise<Found>, timeoutMillis = 60_000): Promise<Found> {
    const deadline = Date.now() + timeoutMillis;
    for (let cause: unknown; ; await sleep(50)) {
      try {
        const found = await probe();
        // Where the program has ended, something else has answered in its place.
        if (!this.exited) return found;
      } catch (error) {
        cause = error;
      }
      const failure = this.exited ? 'ended' : Date.now() > deadline ? `is not ready after ${timeoutMillis} ms` : '';
      if (failure) throw new Error(`${basename(this.program)} ${failure}:\n${await this.lastLines()}`, { cause });
    }
  }

  /** Kills the program, which loses nothing that a test would want to keep, and returns when it is gone. */
  stop(): Promise<void> {
    return release(this.guard);
  }

  /** Asks the program to end, by SIGTERM, and waits until it has; gives its exit code. */
  async terminate(): Promise<number | null> {
    if (this.exited) return this.guard.exitCode;
    const exited = once(this.guard, 'exit');
    this.guard.stdin?.write('TERM\n');
    const [code] = (await exited) as [number | null];
    return code;
  }

  get exited(): boolean {
    return this.guard.exitCode !== null || this.guard.signalCode !== null;
  }

  private async lastLines(): Promise<string> {
    return (await readFile(this.log, 'utf8')).split('\n').slice(-20).join('\n');
  }
}
