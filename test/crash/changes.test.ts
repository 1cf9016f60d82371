import { GetRoleCommand, GetRolePolicyCommand, ListAttachedRolePoliciesCommand } from '@aws-sdk/client-iam';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { OIDCIssuerStatus } from '../../src/api/generated/oidc-issuer.ts';
import { counts } from '../environment/holdings.ts';
import { Lab } from '../environment/lab.ts';
import { keySecretOf, publishedModuli } from '../environment/published-keys.ts';
import type { Tenant } from '../environment/tenant.ts';
import { until } from '../environment/wait.ts';

jest.setTimeout(120_000);

let lab: Lab;
beforeAll(async () => {
  lab = await Lab.start();
});
afterAll(() => lab?.stop());

/** In a cluster that the operator does not reach, so that annotations say what the cluster does. */
async function readyTenant(name: string): Promise<Tenant> {
  const tenant = await lab.tenant(name);
  await tenant.applyIssuer({ cluster: undefined });
  await tenant.applyRole();
  await tenant.ready('iamserviceaccount');
  await tenant.ready('oidcissuer');
  return tenant;
}

const statusOf = async (tenant: Tenant) => (await tenant.issuer())?.status;

const annotate = (tenant: Tenant, name: string, value: string) =>
  tenant.kubectl(['annotate', 'oidcissuer', tenant.name, `irsa.giantswarm.io/${name}=${value}`, '--overwrite']);

/** Changes the status as if its times were so long ago that no token lives any more which was issued before. */
async function age(tenant: Tenant, change: (status: OIDCIssuerStatus, longAgo: string) => object): Promise<void> {
  const status = await statusOf(tenant);
  if (!status) throw new Error(`${tenant.name} has no status`);
  const patch = JSON.stringify({ status: change(status, new Date(Date.now() - 26 * 3_600_000).toISOString()) });
  await tenant.kubectl([
    'patch',
    'oidcissuer',
    tenant.name,
    '--subresource=status',
    '--type=merge',
    `--patch=${patch}`,
  ]);
  await annotate(tenant, 'reconcile-at', 'aged');
}

describe('an operator that is killed in a migration', () => {
  let tenant: Tenant;
  let moved: string;
  const phases = async () => ((await statusOf(tenant))?.sites ?? []).map(({ url, phase }) => `${url} ${phase}`);
  const reached = (...wanted: string[]) =>
    until(`the phases ${wanted.join()}`, async () => (await phases()).join() === wanted.join() || undefined, 60);

  beforeAll(async () => {
    await lab.startOperator();
    tenant = await readyTenant('moving');
    moved = `irsa-moved.${tenant.name}.example.com`;
  });

  test('while it makes the new site makes one of each, and goes on', async () => {
    const killed = lab.killAt('CreateDistributionWithTags');
    await tenant.applyIssuer({ cluster: undefined, hosting: { cloudFront: { alias: moved } } });
    await killed;
    const killedAgain = lab.killAt('UpdateAssumeRolePolicy');
    await lab.startOperator();
    await killedAgain;
    await lab.startOperator();
    await reached(`https://${moved} Current`, `https://${tenant.alias} Serving`);
    await until(
      'the role to trust both',
      async () => (await tenant.role())?.status?.issuers?.length === 2 || undefined,
    );
    await tenant.ready('oidcissuer');
    expect(counts(await tenant.holdings())).toEqual({
      bucket: 1,
      object: 4,
      certificate: 2,
      // One a bucket.
      originAccessControl: 1,
      distribution: 2,
      record: 6,
      provider: 2,
      role: 1,
    });
  });

  test('while it retires the former site leaves nothing of it', async () => {
    await annotate(tenant, 'migrated', `https://${moved}`);
    await reached(`https://${moved} Current`, `https://${tenant.alias} Draining`);
    const killed = lab.killAt('DeleteOpenIDConnectProvider');
    await age(tenant, ({ sites = [] }, longAgo) => ({ sites: sites.map((site) => ({ ...site, since: longAgo })) }));
    await killed;
    const killedAgain = lab.killAt('DeleteDistribution');
    await lab.startOperator();
    await killedAgain;
    await lab.startOperator();
    await reached(`https://${moved} Current`);
    await tenant.ready('oidcissuer');
    expect((await tenant.role())?.status?.issuers).toMatchObject([{ url: `https://${moved}` }]);
    expect(counts(await tenant.holdings())).toEqual({
      bucket: 1,
      object: 2,
      certificate: 1,
      originAccessControl: 1,
      distribution: 1,
      record: 3,
      provider: 1,
      role: 1,
    });
  });
});

describe('an operator that is killed in a rotation', () => {
  let tenant: Tenant;
  const quick = { intervals: { keyCache: '1s', resync: '500ms' } };
  const secretOf = async () => (await keySecretOf(tenant)) as Secret;
  const stage = (wanted: string) =>
    until(`a rotation to be ${wanted}`, async () => {
      const { rotation } = (await statusOf(tenant)) ?? {};
      return rotation?.stage === wanted ? rotation.kid : undefined;
    });

  beforeAll(async () => {
    await lab.startOperator(quick);
    tenant = await readyTenant('rotating');
  });

  test('before and after it publishes the next key makes no other one', async () => {
    const [former] = await publishedModuli(tenant);
    const killed = lab.killBefore('PutObject');
    await annotate(tenant, 'rotate', 'now');
    await killed;
    const { data } = await secretOf();
    expect(data['next.key']).toBeDefined();
    expect(await publishedModuli(tenant)).toEqual([former]);

    const killedAgain = lab.killAt('PutObject');
    await lab.startOperator(quick);
    await killedAgain;
    expect(await publishedModuli(tenant)).toHaveLength(2);
    await lab.startOperator(quick);
    await stage('AwaitingPromotion');
    expect((await secretOf()).data).toEqual(data);
    expect(await publishedModuli(tenant)).toHaveLength(2);
  });

  test('right after the promotion goes on with the same key, and ends with it alone', async () => {
    const { data } = await secretOf();
    const kid = await stage('AwaitingPromotion');
    await annotate(tenant, 'rotation-confirmed', kid);
    await until('the promotion', async () => (await secretOf()).data['next.key'] === undefined || undefined);
    await lab.killOperator();
    expect((await secretOf()).data.key).toBe(data['next.key']);

    await lab.startOperator(quick);
    expect(await stage('AwaitingRetirement')).toBe(kid);
    await annotate(tenant, 'rotation-signing', kid);
    await stage('Retiring');
    await age(tenant, ({ rotation }, longAgo) => ({ rotation: { ...rotation, since: longAgo } }));
    await until('the rotation to end', async () => {
      const { pub } = (await secretOf()).data;
      return pub === data['next.pub'] || undefined;
    });
    expect(await publishedModuli(tenant)).toHaveLength(2);
  });
});

test('an operator that is killed at each write of a change of a role comes to the same end', async () => {
  await lab.startOperator();
  const tenant = await readyTenant('changing');
  const { roleName: RoleName = '' } = (await tenant.role())?.status ?? {};
  const Statement = [{ Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::acme-echo/*' }];
  const document = JSON.stringify({ Version: '2012-10-17', Statement });
  const subjects = ['changing', 'second'].map((name) => ({ namespace: tenant.name, name }));
  const writes = ['TagRole', 'UpdateRole', 'UpdateAssumeRolePolicy', 'AttachRolePolicy', 'PutRolePolicy'];
  let killed = lab.killAt(writes[0] ?? '');
  await tenant.applyRole({
    subjects,
    role: { description: 'changed', management: 'Full' },
    tags: { team: 'a' },
    policies: { managed: ['AWSXrayWriteOnlyAccess'], inline: [{ name: 'echo', document }] },
  });
  for (const next of [...writes.slice(1), 'DetachRolePolicy']) {
    await killed;
    killed = lab.killAt(next);
    await lab.startOperator();
  }
  await killed;
  await lab.startOperator();
  await until('the change', async () => {
    const { metadata, status } = (await tenant.role()) ?? {};
    const ready = status?.conditions?.find(({ type }) => type === 'Ready');
    return (ready?.status === 'True' && ready.observedGeneration === metadata?.generation) || undefined;
  });
  const { iam } = tenant.aws;
  const { Role } = await iam.send(new GetRoleCommand({ RoleName }));
  const { AttachedPolicies } = await iam.send(new ListAttachedRolePoliciesCommand({ RoleName }));
  const { PolicyDocument } = await iam.send(new GetRolePolicyCommand({ RoleName, PolicyName: 'echo' }));
  expect(Role).toMatchObject({ Description: 'changed', Tags: expect.arrayContaining([{ Key: 'team', Value: 'a' }]) });
  expect(decodeURIComponent(Role?.AssumeRolePolicyDocument ?? '')).toContain(
    JSON.stringify(subjects.map(({ namespace, name }) => `system:serviceaccount:${namespace}:${name}`)),
  );
  expect(AttachedPolicies?.map(({ PolicyName }) => PolicyName)).toEqual(['AWSXrayWriteOnlyAccess']);
  expect(decodeURIComponent(PolicyDocument ?? '')).toBe(document);
  expect(counts(await tenant.holdings())).toMatchObject({ role: 1 });
});

interface Secret {
  readonly data: Readonly<Record<string, string | undefined>>;
}
