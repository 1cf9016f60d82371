import { generateKeyPairSync } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { parse, stringify } from 'yaml';
import { workloadKubeconfig } from '../environment/cluster.ts';
import { Environment, operatorNamespace } from '../environment/environment.ts';
import type { Operator } from '../environment/operator.ts';
import { iamServiceAccount, oidcIssuer, serviceAccount, type Manifest } from './objects.ts';
import { ownAccountID, Workspace } from './workspace.ts';

jest.setTimeout(120_000);

const namespace = 'org-acme';

let environment: Environment;
let workspace: Workspace;
let operator: Operator;
/** By what they are. */
const secrets = new Map<string, string>();
/** All that the operator said, by where it said it. */
const said = new Map<string, string>();

interface Kubeconfig {
  readonly users: readonly { readonly user: { token?: string; exec?: object } }[];
}

const tokenOf = (kubeconfig: string) => (parse(kubeconfig) as Kubeconfig).users[0]?.user.token ?? '';

const secret = (name: string, stringData: Readonly<Record<string, string>>): Manifest => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name },
  stringData,
});

/** Much of it goes wrong: what cannot be used is what is most likely to be shown. */
beforeAll(async () => {
  environment = await Environment.start();
  await environment.install();
  workspace = await Workspace.create(environment, namespace);
  await workspace.account(ownAccountID);
  operator = await environment.startOperator();

  const good = parse(await workloadKubeconfig(environment, { namespace, cluster: 'good' })) as {
    stringData: { value: string };
  };
  const kubeconfig = good.stringData.value;
  const executed = parse(kubeconfig) as Kubeconfig;
  for (const { user } of executed.users) user.exec = { apiVersion: 'v1', command: 'sh', args: ['-c', 'exit'] };
  const stranger = parse(kubeconfig) as Kubeconfig;
  for (const { user } of stranger.users) user.token = 'token-that-the-cluster-does-not-know';
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const privateKey = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
  const withKubeconfig = (name: string) => ({ cluster: { kubeconfigSecretRef: { name: `${name}-kubeconfig` } } });
  const clusters = ['good', 'executed', 'stranger'];
  await workspace.apply(
    secret('good-kubeconfig', { value: kubeconfig }),
    secret('executed-kubeconfig', { value: stringify(executed) }),
    secret('stranger-kubeconfig', { value: stringify(stranger) }),
    secret('private', { 'tls.crt': privateKey }),
    secret('broken', { 'tls.crt': 'no-key-but-a-password' }),
    ...clusters.flatMap((name) => [
      serviceAccount(name),
      oidcIssuer(name, withKubeconfig(name)),
      iamServiceAccount(name, name),
    ]),
    oidcIssuer('private', { signingKeys: { secretRef: { name: 'private', key: 'tls.crt' } } }),
    oidcIssuer('broken', { signingKeys: { secretRef: { name: 'broken', key: 'tls.crt' } } }),
  );
  await workspace.ready('iamserviceaccount/good');

  /** Also as a Secret holds it, and not the words that every key begins with. */
  const keep = (what: string, value: string) => {
    secrets.set(what, value.startsWith('-----') ? (value.split('\n')[3] ?? '') : value);
    secrets.set(`${what} in base64`, Buffer.from(value).toString('base64').slice(-80, -8));
  };
  keep('the token in a kubeconfig', tokenOf(kubeconfig));
  keep('a token that is refused', 'token-that-the-cluster-does-not-know');
  keep('a private key that is refused', privateKey);
  keep('an entry that is no key', 'no-key-but-a-password');
  const generated = await workspace.kubectl(['get', 'secret', 'good-key', '-o', 'jsonpath={.data.key}']);
  keep('the generated key', Buffer.from(generated, 'base64').toString());
  keep('the secret access key of the operator', environment.awsEnvironment['AWS_SECRET_ACCESS_KEY'] ?? '');
  // The last that was written is the one that the operator runs with.
  const own = join(environment.controlPlane.dir, `${operatorNamespace}-irsa-operator.kubeconfig`);
  keep('the token of the operator', tokenOf(await readFile(own, 'utf8')));
});

afterAll(() => environment?.stop());

test('what cannot be used is refused in words', async () => {
  const reasons = { type: 'SigningKeysReady', reason: 'InvalidKey' };
  expect((await workspace.condition('oidcissuer', 'private', reasons)).message).toContain('tls.crt');
  await workspace.condition('oidcissuer', 'broken', reasons);
  const type = 'ServiceAccountsReady';
  const executed = await workspace.condition('iamserviceaccount', 'executed', { type, reason: 'InvalidKubeconfig' });
  expect(executed.message).toContain('exec');
  await workspace.condition('iamserviceaccount', 'stranger', { type, reason: 'ReconciliationFailed' });
});

test('no secret is in the log, in an event or in a status', async () => {
  said.set('log', operator.output());
  said.set('events', await environment.kubectl(['get', 'events.events.k8s.io', '-A', '-o', 'yaml']));
  said.set('objects', await environment.kubectl(['get', 'irsa', '-A', '-o', 'yaml', '--show-managed-fields']));
  for (const [where, text] of said) {
    expect({ where, empty: text.length < 1_000 }).toEqual({ where, empty: false });
    for (const [what, value] of secrets) {
      expect({ what, short: value.length < 15 }).toEqual({ what, short: false });
      expect({ what, where, told: text.includes(value) }).toEqual({ what, where, told: false });
    }
  }
});
