/** A program for tests to end in every way: it starts what its first argument names, prints the directory, and stays. */
import { join } from 'node:path';
import { ControlPlane } from './control-plane/control-plane.ts';
import { GuardedDirectory, GuardedProcess } from './guard.ts';

const starters: Readonly<Record<string, () => Promise<string>>> = {
  controlPlane: async () => (await ControlPlane.start()).dir,
  sleep: async () => {
    const { path } = GuardedDirectory.create('irsa-guard');
    // The script's name in the process list is how the test finds the program again.
    GuardedProcess.start('sh', ['-c', 'sleep 600; exit', join(path, 'sleeper')], { log: join(path, 'log') });
    return path;
  },
};

const started = await starters[process.argv[2] ?? '']?.();
console.log(started);
process.stdin.on('data', () => process.exit(0));
