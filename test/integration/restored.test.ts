import { generateKeyPairSync } from 'node:crypto';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { OIDCIssuerStatus } from '../../src/api/generated/oidc-issuer.ts';
import { currentSiteOf } from '../../src/controllers/issuer-contract.ts';
import type { Clients } from '../backends/aws/clients.ts';
import { Environment } from '../environment/environment.ts';
import { holdings, type Holding } from '../environment/holdings.ts';
import type { Operator } from '../environment/operator.ts';
import { until } from '../environment/wait.ts';
import {
  awsCluster,
  credential,
  iamServiceAccount,
  type Manifest,
  oidcIssuer,
  roleARN,
  serviceAccount,
} from './objects.ts';
import { Workspace } from './workspace.ts';

jest.setTimeout(120_000);

const namespace = 'org-acme';
const accountID = '111122223333';
const all = ['awscluster/vanishing', 'oidcissuer/vanishing', 'oidcissuer/kept', 'iamserviceaccount/reader'] as const;
const issuers = ['kept', 'vanishing'] as const;

let environment: Environment;
let workspace: Workspace;
let account: Clients;
let operator: Operator;
let before: readonly Holding[];

const keySecret = (): Manifest => {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const stringData = { 'tls.crt': publicKey.export({ type: 'spki', format: 'pem' }).toString() };
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'kept-sa' }, stringData };
};

beforeAll(async () => {
  environment = await Environment.start();
  environment.front.state.timing.deployMillis = 200;
  await environment.install();
  workspace = await Workspace.create(environment, namespace);
  account = await workspace.account(accountID);
  operator = await environment.startOperator();
  await workspace.apply(
    credential(accountID),
    keySecret(),
    awsCluster(namespace, 'vanishing', { release: '19.0.0' }),
    issuer(),
    serviceAccount('reader'),
    iamServiceAccount('reader', 'kept', { policies: { managed: ['AmazonS3ReadOnlyAccess'] } }),
  );
  await workspace.ready('oidcissuer/kept', 'iamserviceaccount/reader');
  await workspace.event('AWSCluster', 'vanishing', 'IssuerReady');
  // From here on the first key is retained.
  await workspace.apply(keySecret());
  await workspace.kubectl(['annotate', 'oidcissuer', 'kept', 'look-again=now']);
  await until('both keys', async () => ((await publishedKeys('kept')).length === 2 ? true : undefined));
  await workspace.ready('oidcissuer/kept');
  before = await holdings(account);
});

afterAll(() => environment?.stop());

/** By hand, with the key of a Secret. */
function issuer(): Manifest {
  const { spec, ...rest } = oidcIssuer('kept', {
    account: { roleARN: roleARN(accountID) },
    cluster: { inCluster: {} },
  });
  return { ...rest, spec: { ...(spec as object), signingKeys: { secretRef: { name: 'kept-sa', key: 'tls.crt' } } } };
}

const statusOf = async (name: string) => (await workspace.get<OIDCIssuerStatus>('oidcissuer', name)).status;

async function publishedKeys(name: string): Promise<string[]> {
  const Bucket = currentSiteOf(await statusOf(name))?.bucket?.name;
  const { Body } = await account.s3.send(new GetObjectCommand({ Bucket, Key: 'keys.json' }));
  const { keys } = JSON.parse((await Body?.transformToString()) ?? '') as { keys: { kid: string }[] };
  return keys.map(({ kid }) => kid);
}

/** What AWS did of all that it was asked to change. */
const changes = () =>
  environment.front
    .writes()
    .filter(({ status }) => status < 300)
    .map(({ operation }) => operation);

/** As somebody does whose operator is gone. */
async function removeWithoutFinalizers(...names: readonly string[]): Promise<void> {
  for (const each of names) {
    await workspace.kubectl(['delete', each, '--wait=false']);
    await workspace.kubectl(['patch', each, '--type=merge', '--patch={"metadata":{"finalizers":null}}']);
  }
}

test('an AWSCluster that vanishes without its finalizer takes nothing along', async () => {
  await operator.kill();
  await removeWithoutFinalizers('awscluster/vanishing');
  environment.front.clearCalls();
  operator = await environment.startOperator();
  const { note } = await workspace.event('OIDCIssuer', 'vanishing', 'AWSClusterVanished');
  expect(note).toContain('nothing is deleted on AWS');
  expect((await workspace.get('oidcissuer', 'vanishing')).metadata.deletionTimestamp).toBeUndefined();
  expect(await holdings(account)).toEqual(before);
});

test('objects of a backup, with new UIDs and no status, find all that they had and make nothing', async () => {
  await workspace.apply(awsCluster(namespace, 'vanishing', { release: '19.0.0' }));
  await until('the finalizer', async () => (await workspace.get('awscluster', 'vanishing')).metadata.finalizers?.[0]);
  const former = new Map<string, { url: string | undefined; keys: string[] }>();
  for (const name of issuers) {
    former.set(name, { url: (await statusOf(name))?.issuerURL, keys: await publishedKeys(name) });
  }
  const list = JSON.parse(await workspace.kubectl(['get', ...all, '-o', 'json'])) as { items: Backup[] };
  await operator.kill();
  await removeWithoutFinalizers(...all);
  environment.front.clearCalls();
  await workspace.apply(...list.items.map(restored));
  operator = await environment.startOperator();
  await workspace.ready('oidcissuer/kept', 'oidcissuer/vanishing', 'iamserviceaccount/reader');

  const uids = new Set(list.items.map(({ metadata }) => metadata.uid));
  for (const each of all) {
    const [kind = '', name = ''] = each.split('/');
    expect(uids).not.toContain((await workspace.get(kind, name)).metadata.uid);
  }
  expect(changes()).toEqual([]);
  expect(await holdings(account)).toEqual(before);
  for (const name of issuers) {
    expect({ url: (await statusOf(name))?.issuerURL, keys: await publishedKeys(name) }).toEqual(former.get(name));
  }
  // The key that left its Secret before the backup is still counted as missing.
  const { keys = [] } = (await statusOf('kept')) ?? {};
  expect(keys.map(({ missingSince }) => missingSince !== undefined).toSorted()).toEqual([false, true]);
});

interface Backup extends Manifest {
  readonly metadata: Manifest['metadata'] & { readonly uid: string };
}

/** As programs for backups apply an object: without what the API server gave it. */
function restored({ apiVersion, kind, metadata, spec }: Backup): Manifest {
  const { name, labels = {}, annotations = {} } = metadata;
  return { apiVersion, kind, metadata: { name, labels, annotations }, spec };
}
