import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { cacheDir, makeOnce } from '../../scripts/setup/cache.mjs';
import { findProgram, prepareControlPlane, programPath } from '../../scripts/setup/control-plane.mjs';
import { prepareDependencies } from '../../scripts/setup/dependencies.mjs';
import { findPython, givenEndpoint, prepareMoto } from '../../scripts/setup/moto.mjs';
import { requireKubectl } from '../../scripts/setup/kubectl.mjs';
import { FakeMachine, go, npm, python, writeProgram } from './fake-machine.ts';

let machine: FakeMachine;
let env: Record<string, string>;
let said: string[];

beforeEach(() => {
  machine = new FakeMachine();
  env = machine.env;
  said = [];
  jest.spyOn(console, 'log').mockImplementation((line: string) => void said.push(line));
});

afterEach(() => {
  jest.restoreAllMocks();
  machine.remove();
});

const cache = () => cacheDir(env);
/** The programs, and where they are in the cache. */
const inCache = {
  etcd: 'etcd-3.6.16/etcd',
  'kube-apiserver': 'kubernetes-1.37.2/kube-apiserver',
  'kube-controller-manager': 'kubernetes-1.37.2/kube-controller-manager',
  'oldest kube-apiserver': 'kubernetes-1.32.13/kube-apiserver',
};
type Program = keyof typeof inCache;
const programs = Object.keys(inCache) as Program[];
const cached = (name: Program) => join(cache(), inCache[name]);
const failure = (work: Promise<unknown>) =>
  work.then(
    () => new Error('it did not fail'),
    (error: Error) => error,
  );

describe('the cache', () => {
  test('is in the user’s cache folder', () => {
    expect(cache()).toBe(join(machine.home, '.cache/irsa-operator'));
    expect(cacheDir({ ...env, XDG_CACHE_HOME: '/var/cache/me' })).toBe('/var/cache/me/irsa-operator');
  });

  test('that cannot be written is an error that says how to have another', async () => {
    writeFileSync(join(machine.home, '.cache'), '');
    await expect(makeOnce(join(cache(), 'thing'), async () => {})).rejects.toThrow('set XDG_CACHE_HOME to a folder');
  });

  test('keeps nothing of what failed half-way', async () => {
    const path = join(cache(), 'thing');
    const failing = makeOnce(path, async (unfinished) => {
      writeFileSync(unfinished, 'half');
      throw new Error('no space left');
    });
    await expect(failing).rejects.toThrow('no space left');
    expect(readdirSync(cache())).toEqual([]);
  });

  test('keeps nothing of what Ctrl-C interrupted', async () => {
    const script = `
      import { writeFileSync } from 'node:fs';
      import { makeOnce } from '${new URL('../../scripts/setup/cache.mjs', import.meta.url).href}';
      process.on('SIGINT', () => process.exit(1));
      await makeOnce('${join(cache(), 'thing')}', async (unfinished) => {
        writeFileSync(unfinished, 'half');
        console.log('half-way');
        await new Promise((resolve) => setTimeout(resolve, 60_000));
      });`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    expect(readdirSync(cache())).toHaveLength(1);
    child.kill('SIGINT');
    await once(child, 'exit');
    expect(readdirSync(cache())).toEqual([]);
  });

  test('takes a folder from whoever finishes first', async () => {
    const path = join(cache(), 'folder');
    const make = (content: string) => async (unfinished: string) => {
      mkdirSync(unfinished);
      writeFileSync(join(unfinished, 'file'), content);
    };
    await makeOnce(path, async (unfinished) => {
      await make('second')(unfinished);
      // Another clone, which is another process and so has another unfinished name, is done before us.
      mkdirSync(path);
      await make('first')(join(path, 'inner'));
    });
    expect(readFileSync(join(path, 'inner', 'file'), 'utf8')).toBe('first');
    expect(readdirSync(cache())).toEqual(['folder']);
  });
});

describe('the control plane’s programs', () => {
  test('come from KUBEBUILDER_ASSETS first, then from the cache', () => {
    for (const name of programs) writeProgram(cached(name));
    env.KUBEBUILDER_ASSETS = join(machine.home, 'assets');
    const assets = writeProgram(join(machine.home, 'assets', 'etcd'));
    expect(findProgram('etcd', env)).toEqual({ path: assets, source: 'KUBEBUILDER_ASSETS' });
    expect(findProgram('kube-apiserver', env)).toEqual({ path: cached('kube-apiserver'), source: 'cache' });
  });

  test('the oldest API server comes from the cache alone', () => {
    const path = writeProgram(cached('oldest kube-apiserver'));
    env.KUBEBUILDER_ASSETS = join(machine.home, 'assets');
    writeProgram(join(machine.home, 'assets', 'kube-apiserver'));
    expect(findProgram('oldest kube-apiserver', env)).toEqual({ path, source: 'cache' });
  });

  test('are built with Go where they are in neither, and found by the next clone', async () => {
    machine.install('go', go('go1.26.8'));
    await prepareControlPlane(env);
    expect(programs.map((name) => programPath(name, env))).toEqual(programs.map(cached));
    expect(said).toContain('setup: building kube-apiserver, once on this machine ...');

    machine.uninstall('go');
    await prepareControlPlane(env);
    expect(said.at(-1)).toBe(
      'setup: control plane: etcd (cache), kube-apiserver (cache), kube-controller-manager (cache), oldest kube-apiserver (cache)',
    );
  });

  test('are built for the demo without the oldest API server', async () => {
    machine.install('go', go('go1.26.8'));
    await prepareControlPlane(env, { forDemo: true });
    expect(said.at(-1)).toBe(
      'setup: control plane: etcd (cache), kube-apiserver (cache), kube-controller-manager (cache)',
    );
    expect(findProgram('oldest kube-apiserver', env)).toBeUndefined();
  });

  test('of setup-envtest lack the controller manager and the oldest API server, which alone are built', async () => {
    env.KUBEBUILDER_ASSETS = join(machine.home, 'assets');
    writeProgram(join(machine.home, 'assets', 'etcd'));
    writeProgram(join(machine.home, 'assets', 'kube-apiserver'), 'echo Kubernetes v1.37.1');
    machine.install('go', go('go1.26.8'));
    await prepareControlPlane(env);
    const builds = machine.calls().filter((call) => call.startsWith('go build'));
    expect(builds).toEqual([
      expect.stringMatching(
        /kubernetes-1\.37\.2\/kube-controller-manager.* k8s\.io\/kubernetes\/cmd\/kube-controller-manager$/,
      ),
      expect.stringMatching(/kubernetes-1\.32\.13\/kube-apiserver.* k8s\.io\/kubernetes\/cmd\/kube-apiserver$/),
    ]);
  });

  test.each(['kube-apiserver', 'kube-controller-manager'] as const)(
    'may not be of another Kubernetes: %s',
    async (other) => {
      env.KUBEBUILDER_ASSETS = join(machine.home, 'assets');
      for (const name of programs) {
        const version = name === other ? '1.31.0' : '1.37.1';
        const path = name === 'oldest kube-apiserver' ? cached(name) : join(machine.home, 'assets', name);
        writeProgram(path, `echo Kubernetes v${version}`);
      }
      await expect(prepareControlPlane(env)).rejects.toThrow(
        `KUBEBUILDER_ASSETS: the tests need Kubernetes 1.37, and ${join(machine.home, 'assets', other)} --version says: Kubernetes v1.31.0\n` +
          'Set it to the folder that `setup-envtest use 1.37.x -p path` prints, or unset it.',
      );
    },
  );

  test('are not there after a build that failed, which shows what Go said and names the three ways', async () => {
    machine.install('go', go('go1.26.8', 'echo half > "$out"; echo cannot find module >&2; exit 1'));
    const { message } = await failure(prepareControlPlane(env));
    expect(message).toContain('go failed:\ncannot find module');
    expectThreeWays(message, 'found: go1.26.8');
    expect(findProgram('etcd', env)).toBeUndefined();
    expect(readdirSync(dirname(cached('etcd')))).toEqual([]);
  });

  test.each([
    ['no Go', undefined, 'found: none'],
    ['a Go that is too old', 'go1.24.1', 'found: go1.24.1'],
  ])('cannot be had with %s, and the error names the three ways', async (_, version, found) => {
    if (version) machine.install('go', go(version));
    expectThreeWays((await failure(prepareControlPlane(env))).message, found);
  });

  function expectThreeWays(message: string, found: string): void {
    expect(message).toContain('no etcd, kube-apiserver, kube-controller-manager, oldest kube-apiserver');
    expect(message).toContain('set KUBEBUILDER_ASSETS');
    expect(message).toContain(cached('kube-apiserver'));
    expect(message).toContain('install Go 1.26 or newer');
    expect(message).toContain(found);
  }

  test('are named by whoever wants to start one that is not there', () => {
    expect(() => programPath('etcd', env)).toThrow('there is no etcd: run `npm run setup` first');
  });
});

describe('moto', () => {
  test.each(['http://127.0.0.1:5000', 'http://localhost:5000', 'http://[::1]:5000', 'http://127.0.8.1:80/'])(
    'may be given at %s',
    (endpoint) => {
      expect(givenEndpoint({ IRSA_TEST_AWS_ENDPOINT: endpoint })).toBe(endpoint);
    },
  );

  test.each([
    ...['https://iam.amazonaws.com', 'http://127.0.0.1.example.com', 'http://10.0.0.1:5000', '127.0.0.1:5000'],
    'https://127.0.0.1:5000',
  ])('may not be given at %s, where tests would delete everything', (endpoint) => {
    expect(() => givenEndpoint({ IRSA_TEST_AWS_ENDPOINT: endpoint })).toThrow('it must be one of this machine');
  });

  /** A server on loopback that answers everything with that status, and does so no more once `work` has ended. */
  async function withServer(status: number, work: (url: string) => Promise<void>): Promise<string> {
    const server = createServer((_, response) => response.writeHead(status).end());
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await work(url).finally(() => once(server.close(), 'close'));
    return url;
  }

  test('that is given is taken where it answers', async () => {
    const url = await withServer(200, (IRSA_TEST_AWS_ENDPOINT) => prepareMoto({ ...env, IRSA_TEST_AWS_ENDPOINT }));
    expect(said).toEqual([`setup: moto: at ${url} (IRSA_TEST_AWS_ENDPOINT)`]);
    expect(machine.calls()).toEqual([]);
  });

  test('that is given and does not answer is an error that names the variable, and how to start one there', async () => {
    const dead = await withServer(200, async () => {});
    const { message } = await failure(prepareMoto({ ...env, IRSA_TEST_AWS_ENDPOINT: dead }));
    expect(message).toContain(`IRSA_TEST_AWS_ENDPOINT is ${dead}, and no moto answers there (ECONNREFUSED)`);
    expect(message).toContain(`docker run --rm -p 127.0.0.1:${new URL(dead).port}:5000`);
    expect(message).toContain('motoserver/moto:5.2.5');
  });

  test('is no other server that answers at the given address', async () => {
    await withServer(404, async (IRSA_TEST_AWS_ENDPOINT) => {
      const { message } = await failure(prepareMoto({ ...env, IRSA_TEST_AWS_ENDPOINT }));
      expect(message).toContain('no moto answers there (GET');
    });
  });

  test('is the installed one if it is of the pinned version', async () => {
    machine.install('python3', python('5.2.5'));
    expect(await findPython(env)).toBe('python3');
  });

  test.each(['5.2.1', 'no server'])('is installed into the cache where the installed one is %s', async (installed) => {
    machine.install('python3', python(installed));
    await prepareMoto(env);
    expect(await findPython(env)).toBe(join(cache(), 'moto-5.2.5/bin/python'));
    expect(said.at(-1)).toBe('setup: moto: 5.2.5 (cache)');

    said = [];
    await prepareMoto(env);
    expect(said).toEqual(['setup: moto: 5.2.5 (cache)']);
  });

  test.each([
    ['is gone', 'exit 127'],
    ['is another now, which has not its packages', 'echo no server'],
  ])('is installed into the cache again where the Python of the one there %s', async (_, script) => {
    machine.install('python3', python('no server'));
    await prepareMoto(env);
    writeProgram(join(cache(), 'moto-5.2.5/bin/python'), script);
    expect(await findPython(env)).toBeUndefined();

    said = [];
    await prepareMoto(env);
    expect(said).toContain('setup: installing moto 5.2.5, once on this machine ...');
    expect(await findPython(env)).toBe(join(cache(), 'moto-5.2.5/bin/python'));
    expect(readdirSync(cache())).toEqual(['moto-5.2.5']);
  });

  test.each([
    ['Python', undefined, 'making a Python virtual environment: python3 failed'],
    ['a registry', python('', 'echo no matching distribution; exit 1'), 'no matching distribution'],
  ])('cannot be had without %s, and the error names the ways', async (_, script, reason) => {
    if (script) machine.install('python3', script);
    const error = await failure(prepareMoto(env));
    expect(error.message).toContain(reason);
    expect(error.message).toContain('install Python 3.10 or newer');
    expect(error.message).toContain("pip install 'moto[server]==5.2.5'");
    expect(error.message).toContain('docker run');
    expect(await findPython(env)).toBeUndefined();
  });
});

describe('the npm packages', () => {
  beforeEach(() => {
    for (const file of ['package.json', 'package-lock.json']) writeFileSync(join(machine.home, file), '{}');
  });

  test('are installed once, and again when the lock file has changed', async () => {
    machine.install('npm', npm('v24.21.0'));
    await prepareDependencies(machine.home, env);
    await prepareDependencies(machine.home, env);
    expect(machine.calls()).toEqual(['npm install --no-audit --no-fund --loglevel=error']);
    expect(said.at(-1)).toBe('setup: node: v24.21.0');

    writeFileSync(join(machine.home, 'package-lock.json'), '{"lockfileVersion": 3}');
    await prepareDependencies(machine.home, env);
    expect(machine.calls()).toHaveLength(2);
  });

  test('are installed again where the installation failed', async () => {
    machine.install('npm', 'mkdir -p node_modules; echo ETIMEDOUT >&2; exit 1');
    await expect(prepareDependencies(machine.home, env)).rejects.toThrow('ETIMEDOUT');
    await expect(prepareDependencies(machine.home, env)).rejects.toThrow('ETIMEDOUT');
  });

  test.each(['v20.19.4', 'v24.4.1'])('do not do with Node %s, which is too old', async (version) => {
    machine.install('npm', npm(version));
    await expect(prepareDependencies(machine.home, env)).rejects.toThrow(
      `Node 24.5 or newer is needed, and this is ${version}`,
    );
  });

  test.each(['v24.5.0', 'v24.21.0', 'v26.0.0'])('do with Node %s', async (version) => {
    machine.install('npm', npm(version));
    await prepareDependencies(machine.home, env);
    expect(said.at(-1)).toBe(`setup: node: ${version}`);
  });

  test('ask for the Node that package.json asks for', () => {
    const read = (file: string) => JSON.parse(readFileSync(file, 'utf8'));
    expect(read('package.json').engines.node).toBe('>=24.5');
    expect(read('package-lock.json').packages[''].engines.node).toBe('>=24.5');
  });
});

test('kubectl is asked for by name where it lacks', async () => {
  await expect(requireKubectl(env)).rejects.toThrow('kubectl is needed on the PATH');
  machine.install('kubectl', '');
  await requireKubectl(env);
});
