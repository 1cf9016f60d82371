/** A program for tests to end in every way: it starts what its first argument names, prints the directory, and stays. */
import { Pod } from '../proof/pod.ts';
import { ControlPlane } from './control-plane/control-plane.ts';
import { GuardedDirectory } from './guard.ts';
import { startSleeper } from './leftovers.ts';

const starters: Readonly<Record<string, () => Promise<string>>> = {
  controlPlane: async () => (await ControlPlane.start()).dir,
  sleep: async () => {
    const { path } = GuardedDirectory.create('irsa-guard');
    await startSleeper(path);
    return path;
  },
  pod: async () => {
    const { dir } = await Pod.start(
      { front: { url: 'http://127.0.0.1:1' } },
      { token: 'secret', roleARN: 'arn:aws:iam::111122223333:role/reader', region: 'eu-central-1' },
    );
    return dir;
  },
};

const started = await starters[process.argv[2] ?? '']?.();
console.log(started);
process.stdin.on('data', () => process.exit(0));
