import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findPython, givenEndpoint } from '../../scripts/setup/moto.mjs';
import { GuardedDirectory, GuardedProcess } from './guard.ts';
import { freePort } from './port.ts';

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

/** Starts a moto of its own, which ends with this process, or takes the one that IRSA_TEST_AWS_ENDPOINT names. */
export async function startMoto(options: MotoOptions = {}): Promise<Moto> {
  const given = givenEndpoint();
  if (given) return givenMoto(new URL(given).origin);

  const python = await findPython();
  if (!python) throw new Error('there is no moto: run `npm run setup` first');
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const home = GuardedDirectory.create('irsa-moto');
  const moto = GuardedProcess.start(python, [server, String(port)], {
    log: join(home.path, 'moto.log'),
    env: { MOTO_IAM_LOAD_MANAGED_POLICIES: 'true', ...options.env },
  });
  const stop = async () => {
    await moto.stop();
    await home.remove();
  };
  try {
    await moto.ready(() => call('GET', `${url}/moto-api/data.json`));
  } catch (error) {
    await stop();
    throw new Error('starting moto', { cause: error });
  }
  return { url, reset: () => reset(url), stop };
}

async function givenMoto(url: string): Promise<Moto> {
  await reset(url);
  return { url, reset: () => reset(url), stop: async () => {} };
}

function reset(url: string): Promise<void> {
  return call('POST', `${url}/moto-api/reset`);
}

async function call(method: string, url: string): Promise<void> {
  const response = await fetch(url, { method });
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`${method} ${url}: ${response.status}`);
}
