import { readFile } from 'node:fs/promises';
import { GetRoleCommand } from '@aws-sdk/client-iam';
import { CreateHostedZoneCommand } from '@aws-sdk/client-route-53';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { currentSiteOf } from '../../src/controllers/issuer-contract.ts';
import type { IAMServiceAccountStatus } from '../../src/api/generated/iam-service-account.ts';
import type { OIDCIssuerStatus } from '../../src/api/generated/oidc-issuer.ts';
import type { Clients } from '../backends/aws/clients.ts';
import { rollControlPlane, workloadKubeconfig } from '../environment/cluster.ts';
import { Environment, inClone } from '../environment/environment.ts';
import type { Operator } from '../environment/operator.ts';
import { until } from '../environment/wait.ts';
import { mintToken } from '../proof/input.ts';
import { kidOf } from '../proof/issuer.ts';
import { annotatedRole, Pod } from '../proof/pod.ts';
import { proofSteps } from '../proof/proof.ts';
import { awsCluster, credential, domain, enableAlias, optIn, serviceAccount } from './objects.ts';
import { echoRole, failure, outcomesOfChange, proofOf, provenSteps } from './proving.ts';
import { spoilAlias, spoilKid, spoilSub } from './spoiling.ts';
import { operatorRequests, Workspace } from './workspace.ts';

jest.setTimeout(180_000);

/** Of config/samples. */
const namespace = 'org-acme';

let environment: Environment;
let workspace: Workspace;
let operator: Operator;

beforeAll(async () => {
  environment = await Environment.start();
  await environment.install();
  workspace = await Workspace.create(environment, namespace);
  operator = await environment.startOperator();
});

afterAll(() => environment?.stop());

/** The account with the zone of the issuers and a bucket for what pods write. */
async function furnishedAccount(accountID: string, bucket: string): Promise<Clients> {
  const account = await workspace.account(accountID);
  const CreateBucketConfiguration = { LocationConstraint: 'eu-central-1' } as const;
  await account.s3.send(new CreateBucketCommand({ Bucket: bucket, CreateBucketConfiguration }));
  return account;
}

const issuerStatus = async (name: string) => (await workspace.get<OIDCIssuerStatus>('oidcissuer', name)).status;
const roleName = async (name: string) =>
  (await workspace.get<{ roleName: string }>('iamserviceaccount', name)).status?.roleName ?? '';

describe('an issuer that an AWSCluster asks for', () => {
  const cluster = 'abcl0';
  const echoer = { name: 's3-echoer', issuer: cluster, bucket: 'acme-echo' };
  let account: Clients;
  let tokenOfOldKey: string;

  beforeAll(async () => {
    account = await furnishedAccount('111122223333', echoer.bucket);
    await environment.kubectl(['apply', '-f', '-'], await workloadKubeconfig(environment, { namespace, cluster }));
    await workspace.apply(
      credential('111122223333'),
      awsCluster(namespace, cluster, {
        release: '18.4.0',
        annotations: { [optIn]: '', [enableAlias]: '', 'irsa.giantswarm.io/pod-identity': 'Policy' },
      }),
      serviceAccount(echoer.name),
    );
    await workspace.event('AWSCluster', cluster, 'IssuerReady');
    tokenOfOldKey = await token();
    await rollControlPlane(environment, { namespace, issuer: cluster, secret: `${cluster}-service-account-v2` });
    await workspace.apply(echoRole(echoer));
    await workspace.ready(`iamserviceaccount/${echoer.name}`);
  });

  const token = async () => (await environment.kubectl(['create', 'token', 'default', '-n', 'default'])).trim();

  test('has the API server sign with the key that the operator made', async () => {
    const generated = (await issuerStatus(cluster))?.keys?.map(({ kid }) => kid);
    expect(generated).toEqual([kidOf(await token())]);
    expect(generated).not.toContain(kidOf(tokenOfOldKey));
  });

  test('leaves tokens of the old key valid', async () => {
    const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token: tokenOfOldKey } };
    const answer = await environment.kubectl(['create', '-f', '-', '-o', 'json'], JSON.stringify(review));
    expect(JSON.parse(answer)).toMatchObject({ status: { authenticated: true } });
  });

  test('is looked after by an operator that outlives the rolling', async () => {
    await workspace.patch('iamserviceaccount', echoer.name, { spec: { role: { description: 'after the roll' } } });
    await workspace.ready(`iamserviceaccount/${echoer.name}`);
    const { Role } = await account.iam.send(new GetRoleCommand({ RoleName: await roleName(echoer.name) }));
    expect(Role?.Description).toBe('after the roll');
    expect(operator.exited).toBe(false);
    expect(operator.output()).not.toMatch(/unhandled/i);
  });

  test('gives credentials to pods of the service account, as the API server admits them, and to nobody else', async () => {
    const steps = await provenSteps({ ...proofOf(workspace, echoer), makesPod: true });
    expect(steps).toEqual(proofSteps.flatMap((step) => (step === 'credentials' ? ['pod', step] : [step])));
  });

  test('lets a change of the policies reach a pod that runs', async () => {
    expect(await outcomesOfChange(workspace, echoer)).toEqual(['AccessDenied', 'written', 'AccessDenied']);
  });

  test.each([
    {
      what: 'the sub in the role',
      step: 'trust',
      said: `default/${echoer.name} is Denied`,
      spoil: async () => spoilSub(account, await roleName(echoer.name)),
      object: `iamserviceaccount/${echoer.name}`,
    },
    {
      what: 'the kid in keys.json',
      step: 'documents',
      said: `/keys.json lacks `,
      spoil: async () => spoilKid(account, currentSiteOf(await issuerStatus(cluster))?.bucket?.name ?? ''),
      object: `oidcissuer/${cluster}`,
    },
    {
      what: 'the alias record',
      step: 'documents',
      said: `fetching https://irsa.${cluster}.k8s.${domain}/.well-known/openid-configuration: `,
      spoil: () => spoilAlias(account, `irsa.${cluster}.k8s.${domain}`),
      object: `oidcissuer/${cluster}`,
    },
  ])(
    'is not proven while $what is spoiled, and again when the operator has looked',
    async ({ step, said, spoil, object }) => {
      const input = proofOf(workspace, echoer);
      await spoil();
      expect(await failure(input)).toMatchObject({ step, message: expect.stringContaining(said) });
      await workspace.kubectl(['annotate', object, `irsa.giantswarm.io/reconcile-at=${Date.now()}`, '--overwrite']);
      await until('the proof', async () => ((await failure(input)) === undefined ? true : undefined), 60);
    },
  );
});

describe('the issuer of the samples, applied by hand for the key that the API server has', () => {
  const accountID = '444455556666';
  const zone = 'homelab.example.com';
  const echoer = { name: 'reporter', issuer: 'homelab', bucket: 'homelab-echo' };
  let account: Clients;

  beforeAll(async () => {
    account = await furnishedAccount(accountID, echoer.bucket);
    await account.route53.send(new CreateHostedZoneCommand({ Name: zone, CallerReference: zone }));
    const { publicKeyFile, issuer: own } = environment.controlPlane.defaults;
    const stringData = { 'tls.crt': await readFile(publicKeyFile, 'utf8') };
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'homelab-sa' }, stringData };
    await workspace.apply(secret);
    await environment.kubectl(['apply', '-f', inClone('config/samples/oidcissuer.yaml')]);
    await workspace.apply(serviceAccount(echoer.name), echoRole(echoer));
    await workspace.ready('oidcissuer/homelab', `iamserviceaccount/${echoer.name}`);
    const url = (await issuerStatus('homelab'))?.issuerURL ?? '';
    await environment.controlPlane.restartApiServer({ issuers: [url, own] });
  });

  test('is in a bucket whose name no other account can have', async () => {
    const name = currentSiteOf(await issuerStatus('homelab'))?.bucket?.name;
    expect(name).toMatch(new RegExp(`^homelab-[0-9a-f]{8}-${accountID}-eu-central-1-an$`));
  });

  test('gives credentials to pods of the service account and to nobody else', async () => {
    expect(await provenSteps(proofOf(workspace, echoer))).toEqual(proofSteps);
  });

  test('lets a change of the policies reach a pod that runs', async () => {
    expect(await outcomesOfChange(workspace, echoer)).toEqual(['AccessDenied', 'written', 'AccessDenied']);
  });

  test('moves to another alias without a pod that loses its credentials', async () => {
    const input = proofOf(workspace, echoer);
    const roleARN = await annotatedRole(input);
    const assume = async (token: string) => {
      const pod = await Pod.start(input, { token, roleARN, region: 'eu-central-1' });
      return (await pod.assumeRole()).accessKeyId;
    };
    const former = await mintToken(input, input.subject);
    const { issuerURL: formerURL = '' } = (await issuerStatus('homelab')) ?? {};
    const url = `https://irsa.moved.${zone}`;
    const sites = async () => ((await issuerStatus('homelab'))?.sites ?? []).map((site) => `${site.url} ${site.phase}`);
    const trusts = () =>
      until('the role to trust the new URL', async () => {
        const { status } = await workspace.get<IAMServiceAccountStatus>('iamserviceaccount', echoer.name);
        return status?.issuers?.some((issuer) => issuer.url === url) || undefined;
      });

    const hosting = { cloudFront: { alias: url.slice('https://'.length) } };
    await workspace.patch('oidcissuer', 'homelab', { spec: { hosting } });
    await trusts();
    expect(await sites()).toEqual([`${url} Current`, `${formerURL} Serving`]);
    expect(await assume(former)).toMatch(/^A/);

    const { issuer: own } = environment.controlPlane.defaults;
    await environment.controlPlane.restartApiServer({ issuers: [url, formerURL, own] });
    await workspace.kubectl(['annotate', 'oidcissuer', 'homelab', 'look-again=now']);
    await until('the former site to drain', async () => (await sites()).includes(`${formerURL} Draining`) || undefined);
    expect(await provenSteps(input)).toEqual(proofSteps);
    expect(await assume(former)).toMatch(/^A/);
  });

  test('gives credentials also while its deletion waits for the role, and after a restart of the operator', async () => {
    await workspace.kubectl(['delete', 'oidcissuer', 'homelab', '--wait=false']);
    const held = { type: 'Ready', reason: 'DependentsRemaining' };
    expect((await workspace.condition('oidcissuer', 'homelab', held)).message).toContain(echoer.name);
    expect(await provenSteps(proofOf(workspace, echoer))).toEqual(proofSteps);

    await operator.kill();
    const { next } = await environment.controlPlane.audit();
    operator = await environment.startOperator();
    // The second look begins when the first has ended.
    await until('two looks at the issuer', async () => {
      const { requests } = await operatorRequests(environment, next);
      const looks = requests.filter(
        ({ verb, objectRef }) =>
          verb === 'get' && objectRef?.resource === 'oidcissuers' && objectRef.name === 'homelab',
      );
      return looks.length >= 2 || undefined;
    });
    await workspace.patch('iamserviceaccount', echoer.name, { spec: { role: { description: 'after the restart' } } });
    await until('a look at the role', async () => {
      const { Role } = await account.iam.send(new GetRoleCommand({ RoleName: await roleName(echoer.name) }));
      return Role?.Description === 'after the restart' || undefined;
    });
    expect(await provenSteps(proofOf(workspace, echoer))).toEqual(proofSteps);

    await workspace.kubectl(['delete', 'iamserviceaccount', echoer.name]);
    await workspace.gone('oidcissuer', 'homelab');
  });
});
