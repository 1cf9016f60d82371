import {
  DeleteDistributionCommand,
  GetDistributionCommand,
  UpdateDistributionCommand,
} from '@aws-sdk/client-cloudfront';
import {
  CreateRoleCommand,
  DeleteOpenIDConnectProviderCommand,
  DeleteRoleCommand,
  DeleteRolePolicyCommand,
  DetachRolePolicyCommand,
  GetRoleCommand,
} from '@aws-sdk/client-iam';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { currentSiteOf } from '../../src/controllers/issuer-contract.ts';
import { counts, holdings } from '../environment/holdings.ts';
import { Lab } from '../environment/lab.ts';
import { keySecretOf, modulusOf, publishedModuli } from '../environment/published-keys.ts';
import type { Tenant } from '../environment/tenant.ts';
import { until } from '../environment/wait.ts';

jest.setTimeout(120_000);

let lab: Lab;
beforeAll(async () => {
  lab = await Lab.start();
});
afterAll(() => lab?.stop());

/** With a ready issuer and a ready role. */
async function readyTenant(name: string): Promise<Tenant> {
  const tenant = await lab.tenant(name);
  await lab.startOperator();
  await tenant.applyIssuer();
  await tenant.applyRole();
  await tenant.ready('oidcissuer');
  await tenant.ready('iamserviceaccount');
  return tenant;
}

const remove = (tenant: Tenant, kinds = 'iamserviceaccount,oidcissuer') =>
  tenant.kubectl(['delete', kinds, tenant.name, '--wait=false']);

test('nothing is taken away while something that trusts it stands', async () => {
  const tenant = await readyTenant('ordered');
  const { front } = lab.environment;
  front.clearCalls();
  await remove(tenant);
  await tenant.gone();
  expect(front.writes().map(({ operation }) => operation)).toEqual([
    'DetachRolePolicy',
    'DeleteRolePolicy',
    'DeleteRole',
    'DeleteOpenIDConnectProvider',
    'ChangeResourceRecordSets',
    'UpdateDistribution',
    'DeleteDistribution',
    'DeleteOriginAccessControl',
    'ChangeResourceRecordSets',
    'DeleteCertificate',
    'DeleteObject',
    'DeleteObject',
    'DeleteBucket',
  ]);
  expect(counts(await tenant.holdings())).toEqual({});
});

/** What `Ready` of the issuer says while it waits for IAMServiceAccounts. */
const waiting = (tenant: Tenant) =>
  until('the issuer to say what holds it', async () => {
    const conditions = (await tenant.issuer())?.status?.conditions;
    return conditions?.find(({ type, reason }) => type === 'Ready' && reason === 'DependentsRemaining')?.message;
  });

const allow = (tenant: Tenant) =>
  tenant.kubectl(['annotate', 'oidcissuer', tenant.name, 'irsa.giantswarm.io/allow-deletion=true']);

test('an issuer in use is not deleted, names who uses it, and takes nothing from them, also after a restart', async () => {
  const tenant = await readyTenant('used');
  const before = await tenant.holdings();
  const trust = await trustOf(tenant);
  lab.environment.front.clearCalls();
  await remove(tenant, 'oidcissuer');
  expect(await waiting(tenant)).toContain('IAMServiceAccount used');
  await lab.startOperator();
  // A pass of the new process over each of the two: both objects change.
  await tenant.applyRole({ tags: { restarted: 'once' } });
  await until('the new tag', async () => (await tagsOf(tenant)).includes('restarted') || undefined);
  expect(await waiting(tenant)).toContain('IAMServiceAccount used');
  expect(lab.environment.front.writes().map(({ operation }) => operation)).toEqual(['TagRole']);
  expect(counts(await tenant.holdings())).toEqual(counts(before));
  expect(await trustOf(tenant)).toBe(trust);

  await remove(tenant, 'iamserviceaccount');
  await tenant.gone();
  expect(counts(await tenant.holdings())).toEqual({});
});

test('a deletion that is allowed names the roles in a warning, and then takes their trust', async () => {
  const tenant = await readyTenant('allowed');
  await remove(tenant, 'oidcissuer');
  await waiting(tenant);
  lab.environment.front.clearCalls();
  await allow(tenant);
  await tenant.gone('oidcissuer');
  const events = await tenant.kubectl([
    'get',
    'events.events.k8s.io',
    '--output=jsonpath={range .items[*]}{.type} {.reason} {.note}{"\\n"}{end}',
  ]);
  expect(events).toMatch(/^Warning DependentsLoseAccess .*IAMServiceAccount allowed/m);
  expect(lab.environment.front.writes()[0]?.operation).toBe('UpdateAssumeRolePolicy');
  expect(await trustOf(tenant)).toContain('"Deny"');
  expect(counts(await tenant.holdings())).toEqual({ role: 1 });
});

test('an issuer that never got into its account, for a typo, is let go, and its IAMServiceAccount too', async () => {
  const tenant = await lab.tenant('mistyped');
  const roleARN = `${tenant.roleToAssume}-tpyo`;
  const { front } = lab.environment;
  const judge = front.authorize;
  front.authorize = async (request, credential) =>
    request.form.get('RoleArn') === roleARN ? { message: 'there is no such role' } : judge(request, credential);
  await lab.startOperator();
  await tenant.applyIssuer({ account: { roleARN } });
  await tenant.applyRole();
  const said = await until('the refusal', async () => {
    const conditions = (await tenant.issuer())?.status?.conditions;
    return conditions?.find(({ type, reason }) => type === 'Accepted' && reason === 'AccessDenied')?.message;
  });
  expect(said).toContain(`the operator needs sts:AssumeRole: assuming role ${roleARN}`);
  await until('the IAMServiceAccount to wait for its issuer', async () => {
    const conditions = (await tenant.role())?.status?.conditions;
    return conditions?.find(({ type, status }) => type === 'IssuersReady' && status === 'False');
  });
  await remove(tenant);
  await tenant.gone();
  expect(counts(await tenant.holdings())).toEqual({});
  front.authorize = judge;
});

test('an issuer of three accounts is registered in each with no more than config/iam allows, and leaves nothing in any', async () => {
  const { access, front } = lab.environment;
  const [left, other] = ['700000000001', '700000000002'];
  const additional = await Promise.all([left, other].map((id) => lab.environment.account(id)));
  for (const id of [left, other]) access.onlyRegisters(id);
  const provided = () => Promise.all(additional.map(async (account) => counts(await holdings(account))));
  const additionalAccounts = (...ids: string[]) => ids.map((id) => ({ roleARN: `arn:aws:iam::${id}:role/operator` }));

  const tenant = await lab.tenant('spread');
  await lab.startOperator();
  await tenant.applyIssuer({ additionalAccounts: additionalAccounts(left, other) });
  await tenant.applyRole();
  await tenant.ready('oidcissuer');
  await tenant.ready('iamserviceaccount');
  expect(await provided()).toEqual([{ provider: 1 }, { provider: 1 }]);
  expect((await tenant.issuer())?.status?.providers?.map(({ accountID }) => accountID)).toEqual([
    tenant.accountID,
    left,
    other,
  ]);

  await tenant.applyIssuer({ additionalAccounts: additionalAccounts(other) });
  await until('the account to be left', async () =>
    (await tenant.issuer())?.status?.providers?.length === 2 ? true : undefined,
  );
  expect(await provided()).toEqual([{}, { provider: 1 }]);

  const judge = front.authorize;
  const shut = additionalAccounts(other)[0]?.roleARN;
  front.authorize = async (request, credential) =>
    request.form.get('RoleArn') === shut ? { message: 'not today' } : judge(request, credential);
  await lab.startOperator();
  await remove(tenant);
  const message = await until('the issuer to say what holds it', async () => {
    const conditions = (await tenant.issuer())?.status?.conditions;
    return conditions?.find(({ type, message: said }) => type === 'Ready' && said.includes(other))?.message;
  });
  expect(message).toContain('take it out of spec.additionalAccounts');
  expect(counts(await tenant.holdings())).toMatchObject({ bucket: 1, distribution: 1 });
  front.authorize = judge;
  await tenant.gone();
  expect(await provided()).toEqual([{}, {}]);
  expect(counts(await tenant.holdings())).toEqual({});
  additional.forEach((account) => account.destroy());
});

test('an account that leaves the list keeps its provider until no role there trusts it', async () => {
  const id = '700000000003';
  const { access, front } = lab.environment;
  const account = await lab.environment.account(id);
  access.onlyRegisters(id);
  const tenant = await lab.tenant('leaving');
  await lab.startOperator();
  await tenant.applyIssuer({ additionalAccounts: [{ roleARN: `arn:aws:iam::${id}:role/operator` }] });
  await tenant.ready('oidcissuer');
  const registrations = async () => (await tenant.issuer())?.status?.providers ?? [];
  const Federated = (await registrations()).find(({ accountID }) => accountID === id)?.arn;
  const trust = { Effect: 'Allow', Action: 'sts:AssumeRoleWithWebIdentity', Principal: { Federated } };
  const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [trust] });
  await account.iam.send(new CreateRoleCommand({ RoleName: 'by-hand', AssumeRolePolicyDocument }));

  front.clearCalls();
  await tenant.applyIssuer({ additionalAccounts: [] });
  const message = await until('the issuer to say what holds the provider', async () => {
    const conditions = (await tenant.issuer())?.status?.conditions;
    return conditions?.find(({ type, message: said }) => type === 'ProvidersReady' && said.includes('by-hand'))
      ?.message;
  });
  expect(message).toContain(id);
  expect(counts(await holdings(account))).toEqual({ provider: 1, role: 1 });
  expect(front.writes()).toEqual([]);

  await account.iam.send(new DeleteRoleCommand({ RoleName: 'by-hand' }));
  await tenant.kubectl(['annotate', 'oidcissuer', tenant.name, 'irsa.giantswarm.io/reconcile-at=now']);
  await until('the account to be left', async () => ((await registrations()).length === 1 ? true : undefined));
  expect(counts(await holdings(account))).toEqual({});
  expect(counts(await tenant.holdings())).toMatchObject({ provider: 1 });
  account.destroy();
});

test('a suspended IAMServiceAccount holds its issuer, which names it, until it is suspended no more', async () => {
  const tenant = await readyTenant('held');
  await tenant.applyRole({ suspend: true });
  await allow(tenant);
  await remove(tenant, 'oidcissuer');
  const message = await until('the issuer to say what holds it', async () => {
    const conditions = (await tenant.issuer())?.status?.conditions;
    return conditions?.find(({ reason }) => reason === 'DependentsRemaining')?.message;
  });
  expect(message).toContain('IAMServiceAccount held');
  expect(counts(await tenant.holdings())).toMatchObject({ provider: 1, distribution: 1, bucket: 1 });

  await tenant.applyRole({ suspend: false });
  await tenant.gone('oidcissuer');
  expect(counts(await tenant.holdings())).toEqual({ role: 1 });
});

test('with Retain all that stands on AWS stays, and an issuer of another cluster takes none of its keys', async () => {
  const tenant = await readyTenant('kept');
  await tenant.applyIssuer({ deletionPolicy: 'Retain' });
  await tenant.applyRole({ deletionPolicy: 'Retain' });
  const before = await tenant.holdings();
  const published = await publishedModuli(tenant);
  lab.environment.front.clearCalls();
  await remove(tenant);
  await tenant.gone();
  // The mark on the key set.
  expect(lab.environment.front.writes().map(({ operation }) => operation)).toEqual(['PutObject']);
  expect(await tenant.holdings()).toEqual(before);
  expect(await publishedModuli(tenant)).toEqual(published);

  await tenant.applyIssuer();
  const refused = await until('the issuer to refuse the key', async () => {
    const conditions = (await tenant.issuer())?.status?.conditions;
    return conditions?.find(({ type, reason }) => type === 'SigningKeysReady' && reason === 'NotOwned')?.message;
  });
  expect(refused).toContain('delete the Secret if the cluster is another one');
  expect(await publishedModuli(tenant)).toEqual(published);
  await tenant.kubectl(['delete', 'secret', `${tenant.name}-keys`]);
  await tenant.ready('oidcissuer');
  const own = modulusOf(await keySecretOf(tenant));
  expect(published).not.toContain(own);
  expect(await publishedModuli(tenant)).toEqual([own]);
});

test('what somebody deleted by hand is missed by nobody', async () => {
  const tenant = await readyTenant('robbed');
  await lab.killOperator();
  await rob(tenant);
  const left = counts(await tenant.holdings());
  expect(left).toEqual({ bucket: 1, object: 2, certificate: 1, originAccessControl: 1, record: 3 });
  await remove(tenant);
  await lab.startOperator();
  await tenant.gone();
  expect(counts(await tenant.holdings())).toEqual({});
});

test('nothing stays of objects whose status was lost', async () => {
  const tenant = await readyTenant('forgotten');
  await lab.killOperator();
  for (const kind of ['oidcissuer', 'iamserviceaccount']) {
    await tenant.kubectl([
      'patch',
      kind,
      tenant.name,
      '--subresource=status',
      '--type=merge',
      '--patch={"status":null}',
    ]);
  }
  expect((await tenant.issuer())?.status?.accountID).toBeUndefined();
  expect((await tenant.role())?.status?.roleName).toBeUndefined();
  await remove(tenant);
  await lab.startOperator();
  await tenant.gone();
  expect(counts(await tenant.holdings())).toEqual({});
});

async function trustOf(tenant: Tenant): Promise<string> {
  const { roleName: RoleName } = (await tenant.role())?.status ?? {};
  const { Role } = await tenant.aws.iam.send(new GetRoleCommand({ RoleName }));
  return decodeURIComponent(Role?.AssumeRolePolicyDocument ?? '');
}

async function tagsOf(tenant: Tenant): Promise<string[]> {
  const { roleName: RoleName } = (await tenant.role())?.status ?? {};
  const { Role } = await tenant.aws.iam.send(new GetRoleCommand({ RoleName }));
  return (Role?.Tags ?? []).map(({ Key = '' }) => Key);
}

/** Takes role, provider and distribution away as a person at the console would. */
async function rob(tenant: Tenant): Promise<void> {
  const { iam, cloudFront } = tenant.aws;
  const { roleName: RoleName } = (await tenant.role())?.status ?? {};
  const PolicyArn = 'arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess';
  await iam.send(new DetachRolePolicyCommand({ RoleName, PolicyArn }));
  await iam.send(new DeleteRolePolicyCommand({ RoleName, PolicyName: 'echo' }));
  await iam.send(new DeleteRoleCommand({ RoleName }));

  const status = (await tenant.issuer())?.status;
  const { providers = [] } = status ?? {};
  const distribution = currentSiteOf(status)?.distribution;
  await iam.send(new DeleteOpenIDConnectProviderCommand({ OpenIDConnectProviderArn: providers[0]?.arn }));

  const Id = distribution?.id;
  const { Distribution, ETag } = await cloudFront.send(new GetDistributionCommand({ Id }));
  const DistributionConfig = { ...Distribution!.DistributionConfig!, Enabled: false };
  await cloudFront.send(new UpdateDistributionCommand({ Id, IfMatch: ETag, DistributionConfig }));
  const disabled = await until('the distribution to be disabled', async () => {
    const now = await cloudFront.send(new GetDistributionCommand({ Id }));
    return now.Distribution?.Status === 'Deployed' ? now : undefined;
  });
  await cloudFront.send(new DeleteDistributionCommand({ Id, IfMatch: disabled.ETag }));
}
