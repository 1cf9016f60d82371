import { SetupError, run } from './progress.mjs';

const tools = {
  kubectl: ['kubectl', ['version', '--client'], 'https://kubernetes.io/docs/tasks/#kubectl'],
  openssl: ['openssl', ['version'], 'it makes the certificates of the test control plane; every system packages it'],
};

/** Programs that are used as they are on the machine. */
export async function requireTools(env = process.env) {
  for (const [name, [command, args, where]] of Object.entries(tools)) {
    const { code } = await run(command, args, { env });
    if (code !== 0) throw new SetupError(`${name} is needed on the PATH: ${where}`);
  }
}
