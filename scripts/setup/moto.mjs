import { rmSync } from 'node:fs';
import { request } from 'node:http';
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
  const { protocol, hostname } = URL.canParse(endpoint) ? new URL(endpoint) : {};
  const near = hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname);
  if (near && protocol === 'http:') return endpoint;
  throw new SetupError(
    `IRSA_TEST_AWS_ENDPOINT is ${endpoint}. Tests delete everything at that address: ` +
      'it must be one of this machine, like http://127.0.0.1:5000.',
  );
}

/**
 * Sees to it that a moto answers at the address that IRSA_TEST_AWS_ENDPOINT names.
 * @throws naming the variable, and the command that starts one there
 */
export async function requireMoto(endpoint) {
  try {
    await callMoto('GET', new URL('/moto-api/data.json', endpoint));
  } catch (cause) {
    const why = cause.code ?? cause.message;
    throw new SetupError(
      `IRSA_TEST_AWS_ENDPOINT is ${endpoint}, and no moto answers there (${why}). Unset it, or start one:\n  ${inDocker(new URL(endpoint).port || 80)}`,
      { cause },
    );
  }
}

/** A call of moto's own API. Unlike fetch it knows no proxy. */
export function callMoto(method, url) {
  return new Promise((resolve, reject) => {
    const call = request(url, { method, agent: false, timeout: 10_000 }, (response) => {
      response.resume().on('error', reject);
      response.on('end', () =>
        response.statusCode === 200 ? resolve() : reject(new Error(`${method} ${url}: ${response.statusCode}`)),
      );
    });
    call.on('timeout', () => call.destroy(new Error(`${method} ${url}: no answer within 10 s`)));
    call.on('error', reject).end();
  });
}

/**
 * The Python that has moto: the installed one if that is the pinned version, else one of the cache.
 * @returns {Promise<string | undefined>}
 */
export async function findPython(env = process.env) {
  if (await hasMoto('python3', env)) return 'python3';
  const cached = pythonOf(venv(env));
  return (await hasMoto(cached, env)) ? cached : undefined;
}

/** A virtual environment is there, and yet has nothing, when the Python that it was made with is gone. */
async function hasMoto(python, env) {
  const { code, output } = await run(python, ['-c', probe], { env });
  return code === 0 && output.trim() === version;
}

/** Sees to it that there is a moto, and installs it into a virtual environment if not. */
export async function prepareMoto(env = process.env) {
  const endpoint = givenEndpoint(env);
  if (endpoint) {
    await requireMoto(endpoint);
    return say(`moto: at ${endpoint} (IRSA_TEST_AWS_ENDPOINT)`);
  }
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
      // What stands there is no good, or it would have been taken, unless another clone has mended it meanwhile.
      if (!(await hasMoto(pythonOf(venv(env)), env))) rmSync(venv(env), { recursive: true, force: true });
    });
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    throw new SetupError(
      [
        error.message,
        `There is no moto ${version}, which plays AWS in tests. There are three ways to have it:`,
        `  - install Python 3.10 or newer with its venv module (Debian: python3-venv): it is then installed here;`,
        `  - install it yourself: python3 -m pip install 'moto[server]==${version}'`,
        `  - run it yourself: ${inDocker(5000)}`,
        `    and set IRSA_TEST_AWS_ENDPOINT=http://127.0.0.1:5000`,
      ].join('\n'),
    );
  }
  return pythonOf(venv(env));
}

function inDocker(port) {
  return `docker run --rm -p 127.0.0.1:${port}:5000 -e MOTO_IAM_LOAD_MANAGED_POLICIES=true motoserver/moto:${version}`;
}

function venv(env) {
  return join(cacheDir(env), `moto-${version}`);
}

function pythonOf(dir) {
  return join(dir, 'bin', 'python');
}
