import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const program = fileURLToPath(new URL('./guarded-programs.ts', import.meta.url));

/** Starts guarded programs in a process of their own; `dir` is the directory that all of them have in their arguments. */
export async function startElsewhere(what: 'controlPlane' | 'sleep'): Promise<{ owner: ChildProcess; dir: string }> {
  const owner = spawn(process.execPath, ['--import', 'tsx', program, what], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  const [line] = (await once(owner.stdout, 'data')) as [Buffer];
  return { owner, dir: line.toString().trim() };
}

/** The processes that have the directory in their arguments. */
export async function processesOf(dir: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-ww', '-o', 'args=']);
  return stdout.split('\n').filter((line) => line.includes(dir));
}

/** What is left of programs and their directory, after giving them the time to go. */
export async function leftovers(dir: string, timeoutMillis = 5_000): Promise<string[]> {
  const deadline = Date.now() + timeoutMillis;
  for (;;) {
    const left = [...(await processesOf(dir)), ...(existsSync(dir) ? [dir] : [])];
    if (!left.length || Date.now() > deadline) return left;
    await sleep(50);
  }
}
