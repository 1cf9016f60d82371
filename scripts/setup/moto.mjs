import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDir, makeOnce } from './cache.mjs';
import { SetupError, run, runVisibly, say } from './progress.mjs';

const version = '5.2.5';

/** What `moto.server` imports at its start and the bare package moto does not bring. */
const probe = `
from importlib.metadata import version
from importlib.util import find_spec
print(version("moto") if find_spec("flask") and find_spec("flask_cors") else "no server")`;

/**
 * The server that IRSA_TEST_AWS_ENDPOINT names, if it does. Only on this machine: tests delete all that they find there.
 * @returns {string | undefined}
 */
export function givenEndpoint(env = process.env) {
  const endpoint = env.IRSA_TEST_AWS_ENDPOINT;
  if (!endpoint) return undefined;
  const host = URL.canParse(endpoint) ? new URL(endpoint).hostname : '';
  if (host === 'localhost' || host === '[::1]' || /^127(\.\d+){3}$/.test(host)) return endpoint;
  throw new SetupError(
    `IRSA_TEST_AWS_ENDPOINT is ${endpoint}, which is not on this machine. Tests delete everything at that address: ` +
      'it must be like http://127.0.0.1:5000.',
  );
}

/**
 * The Python that has moto: the installed one if that is the pinned version, else one of the cache.
 * @returns {Promise<string | undefined>}
 */
export async function findPython(env = process.env) {
  const { code, output } = await run('python3', ['-c', probe], { env });
  if (code === 0 && output.trim() === version) return 'python3';
  const cached = pythonOf(venv(env));
  return existsSync(cached) ? cached : undefined;
}

/** Sees to it that there is a moto, and installs it into a virtual environment if not. */
export async function prepareMoto(env = process.env) {
  const endpoint = givenEndpoint(env);
  if (endpoint) return say(`moto: at ${endpoint} (IRSA_TEST_AWS_ENDPOINT)`);
  const python = (await findPython(env)) ?? (await install(env));
  say(`moto: ${version} (${python === 'python3' ? 'installed' : 'cache'})`);
}

async function install(env) {
  const title = `installing moto ${version}, once on this machine`;
  try {
    await makeOnce(venv(env), async (dir) => {
      await runVisibly('making a Python virtual environment', 'python3', ['-m', 'venv', dir], { env });
      const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', `moto[server]==${version}`];
      await runVisibly(title, pythonOf(dir), pip, { env });
    });
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    throw new SetupError(
      [
        error.message,
        `There is no moto ${version}, which plays AWS in tests. There are three ways to have it:`,
        `  - install Python 3.10 or newer with its venv module (Debian: python3-venv): it is then installed here;`,
        `  - install it yourself: python3 -m pip install 'moto[server]==${version}'`,
        `  - run it yourself: docker run --rm -p 127.0.0.1:5000:5000 -e MOTO_IAM_LOAD_MANAGED_POLICIES=true motoserver/moto:${version}`,
        `    and set IRSA_TEST_AWS_ENDPOINT=http://127.0.0.1:5000`,
      ].join('\n'),
    );
  }
  return pythonOf(venv(env));
}

function venv(env) {
  return join(cacheDir(env), `moto-${version}`);
}

function pythonOf(dir) {
  return join(dir, 'bin', 'python');
}
