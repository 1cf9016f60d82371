import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { CreateOpenIDConnectProviderCommand, ListOpenIDConnectProvidersCommand } from '@aws-sdk/client-iam';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { IAMServiceAccountStatus } from '../../src/api/generated/iam-service-account.ts';
import type { OIDCIssuerStatus } from '../../src/api/generated/oidc-issuer.ts';
import type { Clients } from '../backends/aws/clients.ts';
import { Environment } from '../environment/environment.ts';
import { counts, holdings } from '../environment/holdings.ts';
import { until } from '../environment/wait.ts';
import { mintToken } from '../proof/input.ts';
import { annotatedRole, Pod } from '../proof/pod.ts';
import { domain, oidcIssuer, roleARN, serviceAccount } from './objects.ts';
import { echoRole, proofOf } from './proving.ts';
import { Workspace } from './workspace.ts';

jest.setTimeout(180_000);

const accountID = '444455556666';
const region = 'eu-central-1';

let environment: Environment;
let workspace: Workspace;
let account: Clients;

beforeAll(async () => {
  environment = await Environment.start();
  await environment.install();
  workspace = await Workspace.create(environment, 'org-acme');
  account = await workspace.account(accountID);
  await environment.startOperator();
  const { publicKeyFile } = environment.controlPlane.defaults;
  const stringData = { 'tls.crt': await readFile(publicKeyFile, 'utf8') };
  await workspace.apply({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'cluster-sa' }, stringData });
});

afterAll(() => environment?.stop());

const inAccount = { account: { roleARN: roleARN(accountID) } };
const ofCluster = { signingKeys: { secretRef: { name: 'cluster-sa', key: 'tls.crt' } }, cluster: { inCluster: {} } };
const statusOf = async (name: string) => (await workspace.get<OIDCIssuerStatus>('oidcissuer', name)).status;

describe('an issuer whose hosting changes as with releases 17, 18, 18.4 and 19', () => {
  const issuer = 'walker';
  const walker = { name: 'walker', issuer, bucket: 'none' };
  const bucket = `${accountID}-g8s-walker-oidc-pod-identity`;
  const alias = `irsa.walker.k8s.${domain}`;
  /** One of each stage, in the order of the stages. */
  const tokens: string[] = [];
  /** The URL of each stage. */
  const urls: string[] = [];

  const phases = async () => ((await statusOf(issuer))?.sites ?? []).map(({ phase }) => phase);

  async function accepted(): Promise<number> {
    const input = proofOf(workspace, walker);
    const arn = await annotatedRole(input);
    for (const [index, token] of tokens.entries()) {
      const pod = await Pod.start(input, { token, roleARN: arn, region });
      const { accessKeyId } = await pod.assumeRole().finally(() => pod.stop());
      if (!accessKeyId) throw new Error(`the token of stage ${index} gets no credentials`);
    }
    return tokens.length;
  }

  /** The spec of the next stage is applied, the role trusts its URL, and the API server is rolled. */
  async function goTo(spec: object, host: RegExp): Promise<void> {
    await workspace.patch('oidcissuer', issuer, { spec });
    await until(
      `the role to trust ${host}`,
      async () => {
        const { status } = await workspace.get<IAMServiceAccountStatus>('iamserviceaccount', walker.name);
        return status?.issuers?.some(({ url }) => host.test(url)) || undefined;
      },
      60,
    );
    const url = (await statusOf(issuer))?.issuerURL ?? '';
    expect(url).toMatch(host);
    urls.unshift(url);
    const { issuer: own } = environment.controlPlane.defaults;
    await environment.controlPlane.restartApiServer({ issuers: [...urls, own] });
    tokens.push(await mintToken(proofOf(workspace, walker), { namespace: 'default', name: walker.name }));
    await workspace.kubectl(['annotate', 'oidcissuer', issuer, `look-again=${urls.length}`, '--overwrite']);
  }

  beforeAll(async () => {
    const inS3 = { hosting: { s3: {} }, bucket: { name: bucket } };
    await workspace.apply(oidcIssuer(issuer, { ...inAccount, ...ofCluster, ...inS3 }));
    await workspace.apply(serviceAccount(walker.name), echoRole(walker));
    await workspace.ready(`oidcissuer/${issuer}`, `iamserviceaccount/${walker.name}`);
  });

  test('begins in a public bucket', async () => {
    await goTo({}, new RegExp(`^https://s3\\.${region}\\.amazonaws\\.com/${bucket}$`));
    expect(await accepted()).toBe(1);
  });

  test("goes on under a distribution's own name, out of another bucket", async () => {
    await goTo({ hosting: { s3: null, cloudFront: {} }, bucket: { name: `${bucket}-v2` } }, /\.cloudfront\.net$/);
    await until('the bucket to drain', async () => (await phases()).includes('Draining') || undefined);
    expect(await accepted()).toBe(2);
  });

  test('goes on under an alias', async () => {
    await goTo({ hosting: { cloudFront: { alias, distributionProvider: 'Keep' } } }, new RegExp(alias));
    await until('both to drain', async () => (await phases()).join() === 'Current,Draining,Draining' || undefined);
    expect(await accepted()).toBe(3);
  });

  test('serves under the alias and under the name of its distribution a document that names just that', async () => {
    const { url = '', distribution } = (await statusOf(issuer))?.sites?.[0] ?? {};
    const served = [url, `https://${distribution?.domainName}`];
    const pages = await Promise.all(
      served.map((each) => environment.aws.edge.fetch(`${each}/.well-known/openid-configuration`)),
    );
    expect(pages.map(({ body }) => JSON.parse(body) as unknown)).toMatchObject(
      served.map((each) => ({ issuer: each, jwks_uri: `${each}/keys.json` })),
    );
    expect(counts(await holdings(account))).toMatchObject({ function: 1 });
  });

  test('goes back one step, and forward again', async () => {
    await workspace.patch('oidcissuer', issuer, { spec: { hosting: { cloudFront: { alias: null } } } });
    await until(
      'the step back',
      async () => /\.cloudfront\.net$/.test((await statusOf(issuer))?.issuerURL ?? '') || undefined,
    );
    await workspace.ready(`oidcissuer/${issuer}`);
    expect(await accepted()).toBe(3);
    await workspace.patch('oidcissuer', issuer, { spec: { hosting: { cloudFront: { alias } } } });
    await until(
      'the step forward',
      async () => (await statusOf(issuer))?.issuerURL === `https://${alias}` || undefined,
    );
    await workspace.ready(`oidcissuer/${issuer}`);
    expect(await accepted()).toBe(3);
  });

  test('moves on to another bucket under the same URL, with a token of each stage accepted meanwhile', async () => {
    await workspace.patch('oidcissuer', issuer, { spec: { bucket: { name: `${bucket}-v3` } } });
    await until(
      'the distribution to turn to the bucket',
      async () => (await statusOf(issuer))?.sites?.[0]?.bucket?.name === `${bucket}-v3` || undefined,
    );
    expect(await accepted()).toBe(3);
    await until(
      'the former bucket to be left',
      async () => (await statusOf(issuer))?.sites?.[0]?.formerBuckets === undefined || undefined,
    );
    await workspace.ready(`oidcissuer/${issuer}`);
    const { issuerURL, sites = [] } = (await statusOf(issuer)) ?? {};
    expect(issuerURL).toBe(`https://${alias}`);
    expect(sites.map((site) => site.bucket?.name).toSorted()).toEqual([bucket, `${bucket}-v2`, `${bucket}-v3`]);
    expect(await accepted()).toBe(3);
  });

  test('leaves nothing but its buckets, which are empty, when it is deleted', async () => {
    await workspace.kubectl(['delete', 'iamserviceaccount', walker.name]);
    await workspace.kubectl(['delete', 'oidcissuer', issuer]);
    expect(counts(await holdings(account))).toEqual({ bucket: 3 });
  });
});

describe('an issuer in a public bucket', () => {
  test('says what the account has to allow if it blocks public buckets', async () => {
    environment.front.state.blockedAccounts.add(accountID);
    await workspace.apply(oidcIssuer('blocked', { ...inAccount, hosting: { s3: {} } }));
    const { message } = await workspace.condition('oidcissuer', 'blocked', {
      type: 'BucketReady',
      reason: 'AccessDenied',
    });
    expect(message).toContain('Block Public Access of the account or the organization forbids public buckets');
    environment.front.state.blockedAccounts.delete(accountID);
    await workspace.kubectl(['annotate', 'oidcissuer', 'blocked', 'look-again=now']);
    await workspace.ready('oidcissuer/blocked');
    await workspace.kubectl(['delete', 'oidcissuer', 'blocked']);
  });
});

describe('the keys of an issuer', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey;
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey;
  const text = (key: KeyObject, type: 'spki' | 'pkcs1') => key.export({ type, format: 'pem' }).toString();
  /** As kube-apiserver computes it. */
  const computedKid = createHash('sha256')
    .update(rsa.export({ type: 'spki', format: 'der' }))
    .digest('base64url');
  const stringData = {
    pem: `${text(rsa, 'pkcs1')}${text(ec, 'spki')}`,
    jwks: JSON.stringify({ keys: [{ ...rsa.export({ format: 'jwk' }), kid: computedKid, alg: 'RS256', use: 'sig' }] }),
  };

  test.each([
    { name: 'of-pem', signingKeys: { secretRef: { name: 'key-texts', key: 'pem' } }, kinds: ['EC ES384', 'RSA RS256'] },
    { name: 'of-jwks', signingKeys: { secretRef: { name: 'key-texts', key: 'jwks' } }, kinds: ['RSA RS256'] },
    { name: 'of-api-server', signingKeys: { apiServer: {} }, kinds: ['RSA RS256'] },
  ])('are published $name', async ({ name, signingKeys, kinds }) => {
    await workspace.apply({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'key-texts' }, stringData });
    const { spec, ...rest } = oidcIssuer(name);
    const own = { region, hosting: { s3: {} }, cluster: { inCluster: {} }, ...inAccount, signingKeys };
    await workspace.apply({ ...rest, spec: own });
    await until(`the keys of ${name}`, async () => (await statusOf(name))?.keys?.length === kinds.length || undefined);
    await workspace.condition('oidcissuer', name, { type: 'DocumentsPublished', reason: 'Provisioned' });
    const { jwksURI = '', keys: told = [] } = (await statusOf(name)) ?? {};
    const { body } = await environment.aws.edge.fetch(jwksURI);
    const { keys } = JSON.parse(body) as { keys: { kty: string; alg: string; kid: string }[] };
    expect(keys.map(({ kty, alg }) => `${kty} ${alg}`).toSorted()).toEqual(kinds);
    expect(keys.map(({ kid }) => kid).toSorted()).toEqual(told.map(({ kid }) => kid).toSorted());
    if (name === 'of-jwks') expect(keys[0]?.kid).toBe(computedKid);
    if (name === 'of-api-server') {
      const mirrored = JSON.parse((await environment.controlPlane.read('/openid/v1/jwks')) ?? '') as {
        keys: { kid: string }[];
      };
      expect(keys.map(({ kid }) => kid)).toEqual(mirrored.keys.map(({ kid }) => kid));
    }
    await workspace.kubectl(['delete', 'oidcissuer', name]);
  });
});

describe('an issuer that somebody else hosts', () => {
  const host = 'oidc.eks.eu-central-1.amazonaws.com';
  const issuerURL = `https://${host}/id/0123ABC`;
  const external = { ...inAccount, hosting: { external: { issuerURL } } };
  const eks = () => {
    const { spec, ...rest } = oidcIssuer('eks', external);
    const { signingKeys: _, ...others } = spec as { signingKeys?: unknown };
    return { ...rest, spec: others };
  };
  const providers = async () =>
    ((await account.iam.send(new ListOpenIDConnectProvidersCommand({}))).OpenIDConnectProviderList ?? []).length;

  beforeAll(() => {
    const discovery = JSON.stringify({ issuer: issuerURL, jwks_uri: `${issuerURL}/keys` });
    const pages = [
      ['/id/0123ABC/.well-known/openid-configuration', discovery],
      ['/id/0123ABC/keys', '{"keys":[]}'],
    ] as const;
    environment.front.state.elsewhere.set(host, new Map(pages));
  });

  test('gets a provider of ours, which goes with it', async () => {
    await workspace.apply(eks());
    await workspace.ready('oidcissuer/eks');
    expect(await statusOf('eks')).toMatchObject({ issuerURL, providers: [{ url: issuerURL, owned: true }] });
    await workspace.kubectl(['delete', 'oidcissuer', 'eks']);
    expect(await providers()).toBe(0);
  });

  test('uses a provider that is there, and leaves it as it was', async () => {
    const there = { Url: issuerURL, ClientIDList: ['sts.amazonaws.com', 'other'] };
    await account.iam.send(new CreateOpenIDConnectProviderCommand(there));
    environment.front.clearCalls();
    await workspace.apply(eks());
    await workspace.ready('oidcissuer/eks');
    expect((await statusOf('eks'))?.providers).toMatchObject([
      { owned: false, audiences: ['sts.amazonaws.com', 'other'] },
    ]);
    await workspace.kubectl(['delete', 'oidcissuer', 'eks']);
    expect(await providers()).toBe(1);
    expect(environment.front.writes().map(({ operation }) => operation)).toEqual([]);
  });
});
