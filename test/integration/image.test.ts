import { execFile } from 'node:child_process';
import { chmodSync, chownSync, copyFileSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { GuardedDirectory, type User } from '../backends/guard.ts';
import { readEntryPoint } from '../environment/dockerfile.ts';
import { Lab } from '../environment/lab.ts';
import { bundle, type Installed } from '../environment/operator.ts';

jest.setTimeout(120_000);

/** Only root can become somebody else. */
const user: User | undefined = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : undefined;
const who = user ? 'uid 65534' : `uid ${process.getuid?.()}`;

let lab: Lab;
let root: GuardedDirectory;
let installed: Installed;
beforeAll(async () => {
  lab = await Lab.start();
  root = GuardedDirectory.create('irsa-image');
  chmodSync(root.path, 0o755);
  installed = {
    node: install(process.execPath, 'usr/local/bin/node', 0o755),
    bundle: install(bundle, readEntryPoint().bundle, 0o644),
    user,
  };
});
afterAll(() => Promise.all([lab?.stop(), root?.remove()]));

/** Copies a file to where the image has it. */
function install(file: string, to: string, mode: number): string {
  const copy = join(root.path, to);
  mkdirSync(dirname(copy), { recursive: true });
  copyFileSync(file, copy);
  chmodSync(copy, mode);
  return copy;
}

/** Copies a file so that only the image's user can read it. */
function mount(file: string, to: string): string {
  const copy = install(file, to, 0o400);
  if (user) chownSync(copy, user.uid, user.gid);
  return copy;
}

/** Who runs the programs, their guards left out, that have this in their arguments. */
function usersOf(argument: string): number[] {
  const uids = readdirSync('/proc').map((entry) => {
    try {
      const [program, ...args] = readFileSync(`/proc/${entry}/cmdline`, 'utf8').split('\0');
      if (program !== installed.node || !args.includes(argument)) return [];
      return [Number(/^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${entry}/status`, 'utf8'))?.[1])];
    } catch {
      // No process, or one that has just ended.
      return [];
    }
  });
  return uids.flat();
}

const files = (dir: string) => readdirSync(dir, { recursive: true }).toSorted();

test(`the bundle alone, outside the clone, as ${who}, without the right to write, reconciles a role`, async () => {
  const { environment } = lab;
  const tenant = await lab.tenant('image');
  const kubeconfig = await environment.controlPlane.kubeconfigFor('irsa-system', 'irsa-operator');
  const options = {
    installed,
    kubeconfig: mount(kubeconfig, 'etc/kubeconfig'),
    environment: {
      ...environment.awsEnvironment,
      AWS_CA_BUNDLE: mount(environment.aws.ca.certificateFile, 'etc/ca.crt'),
    },
  };
  const before = files(root.path);
  const operator = await environment.startOperator({}, options);
  await tenant.applyIssuer();
  await tenant.applyRole();
  await tenant.ready('oidcissuer');
  await tenant.ready('iamserviceaccount');
  expect(usersOf(installed.bundle)).toEqual([user?.uid ?? process.getuid?.()]);
  expect(files(dirname(operator.logFile))).toEqual(['config.yaml', 'operator.log']);
  expect(files(root.path)).toEqual(before);
  expect(await operator.terminate()).toBe(0);
});

test('the flags of the entry point let the process write nowhere, not even where its user may', async () => {
  const tmp = join(root.path, 'tmp');
  mkdirSync(tmp);
  if (user) chownSync(tmp, user.uid, user.gid);
  const file = join(tmp, 'written');
  const write = ['--eval', `require('node:fs').writeFileSync(${JSON.stringify(file)}, '')`];
  const run = (flags: readonly string[]) =>
    promisify(execFile)(installed.node, [...flags, ...write], { ...user, cwd: '/' });
  await expect(run(readEntryPoint().flags)).rejects.toThrow('ERR_ACCESS_DENIED');
  expect(files(tmp)).toEqual([]);
  await run([]);
  expect(files(tmp)).toEqual(['written']);
});
