import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { callMoto, findPython, givenEndpoint, requireMoto } from '../../scripts/setup/moto.mjs';
import { GuardedDirectory, GuardedProcess } from './guard.ts';
import { makeEnvironmentPlain } from './plain-environment.ts';

export interface MotoOptions {
  /** moto's own settings, as MOTO_ACM_VALIDATION_WAIT. A server given by IRSA_TEST_AWS_ENDPOINT has its own. */
  readonly env?: Readonly<Record<string, string>>;
}

/** The emulator of AWS: https://docs.getmoto.org/en/latest/docs/server_mode.html. */
export interface Moto {
  readonly url: string;
  /** Forgets everything, in all accounts. */
  reset(): Promise<void>;
  stop(): Promise<void>;
}

const server = fileURLToPath(new URL('./moto_server.py', import.meta.url));

/**
 * Starts a moto of its own, which ends with this process, or takes the one that IRSA_TEST_AWS_ENDPOINT names.
 * From then on this process's SDK clients know no other AWS, whatever its environment has said.
 */
export async function startMoto(options: MotoOptions = {}): Promise<Moto> {
  makeEnvironmentPlain();
  const given = givenEndpoint();
  if (given) return givenMoto(given);

  const python = await findPython();
  if (!python) throw new Error('there is no moto: run `npm run setup` first');
  const home = GuardedDirectory.create('irsa-moto');
  const portFile = join(home.path, 'port');
  const moto = GuardedProcess.start(python, [server, portFile], {
    log: join(home.path, 'moto.log'),
    env: { MOTO_IAM_LOAD_MANAGED_POLICIES: 'true', ...options.env },
  });
  const stop = async () => {
    await moto.stop();
    await home.remove();
  };
  try {
    const url = await moto.ready(async () => {
      const port = await readFile(portFile, 'utf8');
      if (!port.endsWith('\n')) throw new Error('moto has not written its port yet');
      const url = `http://127.0.0.1:${port.trim()}`;
      await callMoto('GET', `${url}/moto-api/data.json`);
      return url;
    });
    return { url, reset: () => reset(url), stop };
  } catch (error) {
    await stop();
    throw new Error('starting moto', { cause: error });
  }
}

async function givenMoto(endpoint: string): Promise<Moto> {
  await requireMoto(endpoint);
  const url = new URL(endpoint).origin;
  await reset(url);
  return { url, reset: () => reset(url), stop: async () => {} };
}

function reset(url: string): Promise<void> {
  return callMoto('POST', `${url}/moto-api/reset`);
}
