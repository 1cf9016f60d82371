import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { GuardedProcess } from './guard.ts';

const program = fileURLToPath(new URL('./guarded-programs.ts', import.meta.url));

/** Starts guarded programs in a process of their own; `dir` is the directory that all of them have in their arguments. */
export async function startElsewhere(
  what: 'controlPlane' | 'sleep' | 'pod',
): Promise<{ owner: ChildProcess; dir: string }> {
  const owner = spawn(process.execPath, ['--import', 'tsx', program, what], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  const [line] = (await Promise.race([once(owner.stdout, 'data'), once(owner, 'exit')])) as [Buffer | number | null];
  if (!Buffer.isBuffer(line)) throw new Error(`${what} ended before it was started`);
  return { owner, dir: line.toString().trim() };
}

/** Starts a guarded program that starts a child; both have the directory in their arguments. */
export async function startSleeper(
  dir: string,
  { child = 'trap "" TERM; sleep 600; exit', then = 'wait' } = {},
): Promise<GuardedProcess> {
  const script = `sh -c '${child}' "$0-child" & ${then}`;
  const program = GuardedProcess.start('sh', ['-c', script, join(dir, 'sleeper')], { log: join(dir, 'log') });
  while (!(await processesOf(join(dir, 'sleeper-child'))).length) await sleep(20);
  return program;
}

/** The processes that have the directory in their arguments. */
export async function processesOf(dir: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-ww', '-o', 'args=']);
  return stdout.split('\n').filter((line) => line.includes(dir));
}

/** What is left of programs and their directory, after giving them the time to go. */
export async function leftovers(dir: string, timeoutMillis = 20_000): Promise<string[]> {
  const deadline = Date.now() + timeoutMillis;
  for (;;) {
    const left = [...(await processesOf(dir)), ...(existsSync(dir) ? [dir] : [])];
    if (!left.length || Date.now() > deadline) return left;
    await sleep(50);
  }
}
