import { SetupError, run } from './progress.mjs';

/** kubectl is used as it is on the machine. */
export async function requireKubectl(env = process.env) {
  const { code } = await run('kubectl', ['version', '--client'], { env });
  if (code !== 0) throw new SetupError('kubectl is needed on the PATH: https://kubernetes.io/docs/tasks/#kubectl');
}
