import { describe, expect, test } from '@jest/globals';
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GuardedDirectory, GuardedProcess } from './guard.ts';
import { leftovers, processesOf, startElsewhere, startSleeper } from './leftovers.ts';

const lingering = `
  process.on('SIGTERM', () => { console.log('ending'); process.exit(7); });
  setInterval(() => {}, 1000);
  console.log('running');
`;

describe('a guarded program, what it has started, and its directory are gone', () => {
  const ends: ReadonlyArray<readonly [string, (owner: ChildProcess) => void]> = [
    ['its owner exits', (owner) => owner.stdin?.end('exit')],
    ['its owner is stopped by Ctrl-C', (owner) => owner.kill('SIGINT')],
    ['its owner is terminated', (owner) => owner.kill('SIGTERM')],
    ['its owner is killed', (owner) => owner.kill('SIGKILL')],
  ];

  test.each(ends)('when %s', async (_, end) => {
    const { owner, dir } = await startElsewhere('sleep');
    expect(await processesOf(dir)).not.toEqual([]);
    end(owner);
    expect(await leftovers(dir)).toEqual([]);
  });

  test('when it is stopped', async () => {
    const dir = GuardedDirectory.create('irsa-guard');
    const program = await startSleeper(dir.path);
    await program.stop();
    expect(await leftovers(join(dir.path, 'sleeper'))).toEqual([]);
    await dir.remove();
    expect(await leftovers(dir.path, 0)).toEqual([]);
  });

  test('when it has ended by itself', async () => {
    const dir = GuardedDirectory.create('irsa-guard');
    const program = await startSleeper(dir.path, { child: 'sleep 600; exit', then: 'sleep 0.5; exit 3' });
    expect(await leftovers(join(dir.path, 'sleeper'))).toEqual([]);
    expect(await program.terminate()).toBe(3);
    await dir.remove();
  });

  test('which may be one with the token of a pod', async () => {
    const { owner, dir } = await startElsewhere('pod');
    expect(existsSync(join(dir, 'token'))).toBe(true);
    owner.kill('SIGINT');
    expect(await leftovers(dir)).toEqual([]);
  });
});

test('a guarded program may end in its own way when it is asked to', async () => {
  const dir = GuardedDirectory.create('irsa-guard');
  const log = join(dir.path, 'log');
  const program = GuardedProcess.start('node', ['-e', lingering], { log });
  await program.ready(async () => expect(await readFile(log, 'utf8')).toContain('running'));
  expect(await program.terminate()).toBe(7);
  expect(await readFile(log, 'utf8')).toContain('ending');
  expect(program.exited).toBe(true);
  await dir.remove();
});

describe('a program that is waited for', () => {
  const notReady = async () => {
    throw new Error('not ready');
  };

  test('shows what it printed when it ends too early', async () => {
    const dir = GuardedDirectory.create('irsa-guard');
    const program = GuardedProcess.start('sh', ['-c', 'echo no such flag >&2; exit 3'], { log: join(dir.path, 'log') });
    await expect(program.ready(notReady)).rejects.toThrow('sh ended:\nno such flag');
    await dir.remove();
  });

  test('is given up when it takes too long', async () => {
    const dir = GuardedDirectory.create('irsa-guard');
    const program = GuardedProcess.start('sh', ['-c', 'echo thinking; sleep 600'], { log: join(dir.path, 'log') });
    await expect(program.ready(notReady, 1_000)).rejects.toThrow('sh is not ready after 1000 ms:\nthinking');
    await program.stop();
    await dir.remove();
  });
});
