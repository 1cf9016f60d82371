import { CreateRoleCommand } from '@aws-sdk/client-iam';
import { ListHostedZonesCommand } from '@aws-sdk/client-route-53';
import { GetBucketOwnershipControlsCommand, GetBucketPolicyCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { OIDCIssuerStatus } from '../../src/api/generated/oidc-issuer.ts';
import type { Clients } from '../backends/aws/clients.ts';
import { workloadKubeconfig } from '../environment/cluster.ts';
import { Environment } from '../environment/environment.ts';
import { holdings, type Holding } from '../environment/holdings.ts';
import { until } from '../environment/wait.ts';
import { mintToken } from '../proof/input.ts';
import { Pod } from '../proof/pod.ts';
import { credential, serviceAccount } from './objects.ts';
import { identity, olderFinalizer, OlderCluster } from './older-cluster.ts';
import { proofOf } from './proving.ts';
import { Workspace } from './workspace.ts';

jest.setTimeout(120_000);

const namespace = 'org-acme';
const region = 'eu-central-1';
const older = new OlderCluster(namespace, 'older', '111122223333');
const { name, url, bucket, accountID } = older;
const app = { name: 'app', issuer: name, bucket: 'none' };

let environment: Environment;
let workspace: Workspace;
let account: Clients;
/** What stood on AWS before. */
let before: readonly Holding[];
/** Of a pod that started before. */
let token: string;

beforeAll(async () => {
  environment = await Environment.start({ issuers: [url, 'https://kubernetes.default.svc.cluster.local'] });
  const { controlPlane, front } = environment;
  // While a distribution is being changed, the edge answers nobody, whoever changes it and why.
  front.state.timing.deployMillis = 0;
  await environment.install();
  workspace = await Workspace.create(environment, namespace);
  account = await workspace.account(accountID);
  const { HostedZones = [] } = await account.route53.send(new ListHostedZonesCommand({}));
  await older.makeOnAWS(account, HostedZones[0]?.Id ?? '', controlPlane);
  await account.iam.send(new CreateRoleCommand({ RoleName: 'app', AssumeRolePolicyDocument: trustPolicy() }));
  before = await holdings(account);
  await environment.kubectl(['apply', '-f', '-'], await workloadKubeconfig(environment, { namespace, cluster: name }));
  await workspace.apply(credential(accountID), serviceAccount(app.name));
  await workspace.apply(...(await older.manifests(controlPlane.defaults)));
  token = await mintToken(proofOf(workspace, app), { namespace: 'default', name: app.name });
  front.clearCalls();
  await environment.startOperator();
});

afterAll(() => environment?.stop());

/** Of a role that is no business of either operator. */
function trustPolicy(): string {
  const Principal = { Federated: `arn:aws:iam::${accountID}:oidc-provider/${older.alias}` };
  const StringEquals = { [`${older.alias}:sub`]: `system:serviceaccount:default:${app.name}` };
  const Statement = [
    { Effect: 'Allow', Action: 'sts:AssumeRoleWithWebIdentity', Principal, Condition: { StringEquals } },
  ];
  return JSON.stringify({ Version: '2012-10-17', Statement });
}

async function getsCredentials(): Promise<boolean> {
  const roleARN = `arn:aws:iam::${accountID}:role/app`;
  const pod = await Pod.start(proofOf(workspace, app), { token, roleARN, region });
  const { accessKeyId } = await pod.assumeRole().finally(() => pod.stop());
  return accessKeyId.startsWith('ASIA');
}

const annotate = (...annotations: string[]) => workspace.kubectl(['annotate', 'awscluster', name, ...annotations]);
const writes = () => environment.front.writes().map(({ operation }) => operation);

test('a cluster that the older operator looks after is left alone', async () => {
  const { note } = await workspace.event('AWSCluster', name, 'OlderOperatorRuns');
  expect(note).toContain('docs/taking-over.md');
  expect(await workspace.find('oidcissuer', name)).toBeUndefined();
  expect(writes()).toEqual([]);
});

test('what its adoption would change is planned first, and nothing is changed', async () => {
  await annotate('irsa.giantswarm.io/adopt=true', 'irsa.giantswarm.io/plan=true');
  await annotate('giantswarm.io/pause-irsa-operator=true');
  const plan = await until('the plan', async () => {
    const { status } = (await workspace.find<OIDCIssuerStatus>('oidcissuer', name)) ?? {};
    return status?.plan?.length ? status.plan : undefined;
  });
  expect(plan).toContain(`tagging bucket ${bucket}`);
  expect(plan.filter((line) => /^(creating (bucket|distribution|provider)|requesting|deleting)/.test(line))).toEqual(
    [],
  );
  expect(writes()).toEqual([]);
  expect(await holdings(account)).toEqual(before);
});

test('it is adopted as it is, and no reader of its issuer ever waits', async () => {
  const answers = new Set<string>();
  let reading = true;
  const readers = (async () => {
    while (reading) {
      const pages = ['.well-known/openid-configuration', 'keys.json'].map((page) =>
        environment.aws.edge.fetch(`${url}/${page}`).then(({ status }) => `${page} ${status}`, String),
      );
      for (const answer of await Promise.all(pages)) answers.add(answer);
    }
  })();
  await annotate('irsa.giantswarm.io/plan-');
  await workspace.event('AWSCluster', name, 'IssuerReady').finally(() => (reading = false));
  await readers;
  expect([...answers].toSorted()).toEqual(['.well-known/openid-configuration 200', 'keys.json 200']);

  const { status } = await workspace.get<OIDCIssuerStatus>('oidcissuer', name);
  expect(status?.issuerURL).toBe(url);
  const discovery = await environment.aws.edge.fetch(`${url}/.well-known/openid-configuration`);
  expect(JSON.parse(discovery.body)).toMatchObject({ issuer: url, jwks_uri: `${url}/keys.json` });
  expect(await getsCredentials()).toBe(true);

  const made = writes().filter((operation) => /^(Create|Request|Delete)/.test(operation));
  expect(made).toEqual(['CreateOriginAccessControl', 'CreateFunction']);
  const names = (held: readonly Holding[]) => held.map((each) => `${each.kind} ${each.name}`);
  const after = await holdings(account);
  // The alias has other records, and the distribution another way into the bucket.
  const rest = (held: readonly Holding[]) =>
    names(held).filter((line) => !/^(originAccessControl|function) /.test(line) && !line.includes(` ${older.alias}. `));
  expect(rest(after)).toEqual(rest(before));
  expect(names(after)).toEqual(expect.arrayContaining([`record ${older.alias}. A`, `record ${older.alias}. AAAA`]));
  for (const { kind, name: its, tags } of after) {
    if (!tags || kind === 'role') continue;
    const former = before.find((each) => each.kind === kind && each.name === its)?.tags;
    const ours = { 'irsa.giantswarm.io/owner': `OIDCIssuer/${namespace}/${name}` };
    expect({ kind, tags }).toEqual({ kind, tags: expect.objectContaining({ ...former, ...ours }) });
  }
});

test('its bucket lets in its distribution alone in the end', async () => {
  const policy = async () => (await account.s3.send(new GetBucketPolicyCommand({ Bucket: bucket }))).Policy ?? '';
  await until('the origin access identity to be let out', async () => {
    await workspace.kubectl(['annotate', 'oidcissuer', name, `look-again=${Date.now()}`, '--overwrite']);
    return (await policy()).includes(identity) ? undefined : true;
  });
  expect(await policy()).toContain('cloudfront.amazonaws.com');
  const { OwnershipControls } = await account.s3.send(new GetBucketOwnershipControlsCommand({ Bucket: bucket }));
  expect(OwnershipControls?.Rules?.[0]?.ObjectOwnership).toBe('BucketOwnerEnforced');
  expect(await getsCredentials()).toBe(true);
});

test('its finalizers are handed over', async () => {
  const finalizers = async (kind: string, its: string) => (await workspace.get(kind, its)).metadata.finalizers;
  await until('the older finalizer to go', async () =>
    (await finalizers('awscluster', name))?.includes(olderFinalizer) ? undefined : true,
  );
  expect(await finalizers('awscluster', name)).toEqual(['irsa.giantswarm.io/finalizer']);
  expect(await finalizers('configmap', `${name}-cluster-values`)).toEqual(['example.com/theirs']);
});
