import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheDir, makeOnce } from './cache.mjs';
import { SetupError, run, runVisibly, say } from './progress.mjs';

const kubernetesVersion = '1.37.2';
/** The oldest that the operator supports. The tests only ask its API server what it takes, so nothing else of it is built. */
const oldestKubernetesVersion = '1.32.13';
const kubernetesMinor = minorOf(kubernetesVersion);
const etcdVersion = '3.6.16';
const oldestGo = '1.26';

const modules = fileURLToPath(new URL('../../test/backends/control-plane/', import.meta.url));

/** Where each program's source is, and the folder of the cache that its binary goes to. */
const programs = {
  etcd: {
    module: 'etcd',
    package: 'go.etcd.io/etcd/server/v3',
    folder: `etcd-${etcdVersion}`,
    name: 'etcd',
    flags: ['-ldflags=-s -w'],
  },
  'kube-apiserver': kubernetesProgram('kube-apiserver', kubernetesVersion),
  'kube-controller-manager': kubernetesProgram('kube-controller-manager', kubernetesVersion),
  'oldest kube-apiserver': {
    ...kubernetesProgram('kube-apiserver', oldestKubernetesVersion),
    module: 'kubernetes-oldest',
    onlyCached: true,
    // Quick to build and slow to run: it runs for some seconds.
    compile: ['-gcflags=all=-N -l -dwarf=false'],
  },
};

/**
 * Finds a program of the control plane: in KUBEBUILDER_ASSETS, where setup-envtest says its binaries are, else in the cache.
 * The oldest API server is only ever in the cache.
 * @returns {{ path: string, source: string } | undefined}
 */
export function findProgram(name, env = process.env) {
  const assets = !programs[name].onlyCached && env.KUBEBUILDER_ASSETS && join(env.KUBEBUILDER_ASSETS, name);
  if (assets && isExecutable(assets)) return { path: assets, source: 'KUBEBUILDER_ASSETS' };
  const cached = cachedPath(name, env);
  return isExecutable(cached) ? { path: cached, source: 'cache' } : undefined;
}

/** Where a program of the control plane is that `npm run setup` has prepared. */
export function programPath(name, env = process.env) {
  const found = findProgram(name, env);
  if (!found) throw new SetupError(`there is no ${name}: run \`npm run setup\` first`);
  return found.path;
}

/**
 * Sees to it that all programs of the control plane are there, and builds those that are not.
 * The demo needs no oldest one.
 */
export async function prepareControlPlane(env = process.env, { forDemo = false } = {}) {
  const needed = Object.keys(programs).filter((name) => !(forDemo && name === 'oldest kube-apiserver'));
  const missing = needed.filter((name) => !findProgram(name, env));
  if (missing.length) {
    const go = await requireGo(missing, env);
    for (const name of missing) await build(name, { go, missing }, env);
  }
  for (const name of ['kube-apiserver', 'kube-controller-manager']) await requireVersion(name, env);
  const sources = needed.map((name) => `${name} (${findProgram(name, env).source})`);
  say(`control plane: ${sources.join(', ')}`);
}

/** Those of KUBEBUILDER_ASSETS may be of any version; in the cache there are only our own. */
async function requireVersion(name, env) {
  const { path, source } = findProgram(name, env);
  if (source !== 'KUBEBUILDER_ASSETS') return;
  const { output } = await run(path, ['--version'], { env });
  if (output.startsWith(`Kubernetes v${kubernetesMinor}.`)) return;
  throw new SetupError(
    `KUBEBUILDER_ASSETS: the tests need Kubernetes ${kubernetesMinor}, and ${path} --version says: ${output.trim() || 'nothing'}\n` +
      `Set it to the folder that \`setup-envtest use ${kubernetesMinor}.x -p path\` prints, or unset it.`,
  );
}

/** Gives the version of the Go that builds what is missing. */
async function requireGo(missing, env) {
  const { output } = await run('go', ['env', 'GOVERSION'], { env: { ...env, GOTOOLCHAIN: 'local' } });
  const [, major, minor] = /^go(\d+)\.(\d+)/.exec(output) ?? [];
  const [oldestMajor, oldestMinor] = oldestGo.split('.').map(Number);
  if (Number(major) > oldestMajor || (Number(major) === oldestMajor && Number(minor) >= oldestMinor))
    return output.trim();
  throw new SetupError(howToHave(missing, output.trim() || 'none', env));
}

function howToHave(missing, go, env) {
  return [
    `no ${missing.join(', ')} for the test control plane. There are three ways to have them:`,
    `  - set KUBEBUILDER_ASSETS to a folder with etcd and kube-apiserver of Kubernetes ${kubernetesMinor},`,
    `    which \`setup-envtest use ${kubernetesMinor}.x -p path\` prints; kube-controller-manager and the API server of`,
    `    Kubernetes ${minorOf(oldestKubernetesVersion)}, the oldest supported one, are not among them and need another way;`,
    `  - put them where an earlier set-up on another machine left them:`,
    ...missing.map((name) => `      ${cachedPath(name, env)}`),
    `  - install Go ${oldestGo} or newer (https://go.dev/dl/; found: ${go}): they are then built here, in about eight minutes,`,
    '    from modules that Go must be able to fetch.',
  ].join('\n');
}

async function build(name, { go, missing }, env) {
  const program = programs[name];
  const cwd = join(modules, program.module);
  const goEnv = { ...env, CGO_ENABLED: '0', GOTOOLCHAIN: 'local', GOFLAGS: '-buildvcs=false', GOWORK: 'off' };
  try {
    await makeOnce(cachedPath(name, env), (output) => {
      const flags = [...program.flags, ...(program.compile ?? [])];
      const args = ['build', '-mod=readonly', '-trimpath', ...flags, '-o', output, program.package];
      return runVisibly(`building ${name}, once on this machine`, 'go', args, { cwd, env: goEnv });
    });
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    throw new SetupError(`${error.message}\n${howToHave(missing, go, env)}`);
  }
}

function kubernetesProgram(name, kubernetes) {
  const [major, minor] = kubernetes.split('.');
  const version = { gitVersion: `v${kubernetes}`, gitMajor: major, gitMinor: minor, gitTreeState: 'clean' };
  // Without these the programs call themselves v0.0.0-master, and clients read a version from that.
  const stamps = ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'].flatMap((at) =>
    Object.entries(version).map(([variable, value]) => `-X ${at}.${variable}=${value}`),
  );
  return {
    module: 'kubernetes',
    package: `k8s.io/kubernetes/cmd/${name}`,
    folder: `kubernetes-${kubernetes}`,
    name,
    flags: ['-tags=grpcnotrace,notest', `-ldflags=-s -w ${stamps.join(' ')}`],
  };
}

function cachedPath(name, env) {
  return join(cacheDir(env), programs[name].folder, programs[name].name);
}

function minorOf(version) {
  return version.replace(/\.\d+$/, '');
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
