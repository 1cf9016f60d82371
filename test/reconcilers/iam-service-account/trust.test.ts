import { describe, expect, test } from '@jest/globals';
import { iamServiceAccounts, oidcIssuers, serviceAccounts } from '../../../src/api/resources.ts';
import type { TrustPolicy } from '../../../src/oidc/trust-policy.ts';
import { minutes } from '../../../src/runtime/duration.ts';
import { ServiceError } from '../../fakes/aws/service.ts';
import { Story, accountID, issuer, ref, registered, roleARN, roleName, siteOf } from './story.ts';

const reader = 'system:serviceaccount:default:s3-reader';
const writer = 'system:serviceaccount:jobs:s3-writer';
const url = 'https://irsa.abcl0.example.com';
const host = 'irsa.abcl0.example.com';
const nobody = /"Effect":"Deny"/;

/** The OIDCIssuer controller's finalizer: the issuer is there until its dependents let go. */
const held = { finalizers: ['irsa.giantswarm.io/finalizer'] };

test('is in the role from its first moment', async () => {
  const story = new Story();
  await story.reconcile();
  const provider = 'arn:aws:iam::111122223333:oidc-provider/irsa.abcl0.example.com';
  expect(story.trusted).toEqual([reader]);
  expect(story.role.trustPolicy).toContain(`"Federated":"${provider}"`);
  expect(story.role.trustPolicy).toContain('"irsa.abcl0.example.com:aud":["sts.amazonaws.com"]');
  expect(story.status.issuers).toEqual([{ url, providerARN: provider }]);
  expect(story.condition('TrustReady')).toMatchObject({ status: 'True' });
});

test('is left alone where it says the same in other words', async () => {
  const story = new Story();
  await story.reconcile();
  story.role.trustPolicy = story.role.trustPolicy.replaceAll(/\["([^"]*)"\]/g, '"$1"');
  story.forget();
  await story.reconcile();
  expect(story.aws.writes).toEqual([]);
});

test('is repaired when somebody lets in another', async () => {
  const story = new Story();
  await story.reconcile();
  story.role.trustPolicy = story.role.trustPolicy.replace(reader, 'system:serviceaccount:default:attacker');
  story.forget();
  await story.reconcile();
  expect(story.aws.writes).toEqual(['UpdateAssumeRolePolicy']);
  expect(story.trusted).toEqual([reader]);
});

test('follows subjects and audiences', async () => {
  const story = new Story();
  await story.reconcile();
  story.edit({
    subjects: [
      { namespace: 'jobs', name: 's3-writer' },
      { namespace: 'default', name: 's3-reader' },
    ],
  });
  story.kube.seed(oidcIssuers, issuer('abcl0', { status: registered(host, ['my-audience']) }));
  await story.reconcile();
  expect(story.trusted).toEqual([reader, writer]);
  expect(story.role.trustPolicy).toContain('"irsa.abcl0.example.com:aud":["my-audience"]');
});

test('keeps the audiences of the provider when the issuer only asks for others', async () => {
  const story = new Story();
  await story.reconcile();
  story.kube.edit(oidcIssuers, { namespace: 'default', name: 'abcl0' }, { spec: { audiences: ['other'] } });
  story.forget();
  await story.reconcile();
  expect(story.aws.writes).toEqual([]);
  expect(story.role.trustPolicy).toContain('"irsa.abcl0.example.com:aud":["sts.amazonaws.com"]');
  expect(story.condition('Ready')).toMatchObject({ status: 'True' });
});

test('waits, as it stands, for an issuer that does not say the audiences of its provider', async () => {
  const story = new Story();
  await story.reconcile();
  const before = story.role.trustPolicy;
  story.kube.seed(oidcIssuers, issuer('abcl0', { status: registered(host, []) }));
  story.edit({ subjects: [{ namespace: 'jobs', name: 's3-writer' }] });
  await story.reconcile();
  expect(story.condition('IssuersReady')).toMatchObject({
    status: 'False',
    reason: 'IssuerNotReady',
    message: expect.stringMatching(/; what the role trusts already stays as it is$/),
  });
  expect(story.condition('TrustReady')).toMatchObject({ status: 'False', reason: 'IssuerNotReady' });
  expect(story.role.trustPolicy).toBe(before);
  story.kube.seed(oidcIssuers, issuer());
  await story.reconcile();
  expect(story.trusted).toEqual([writer]);
});

test('loses what somebody added also while the issuer cannot be seen, whose own statement stays to the letter', async () => {
  const story = new Story();
  await story.reconcile();
  const before = story.role.trustPolicy;
  const policy = JSON.parse(before) as TrustPolicy;
  const foreign = { Sid: 'Mine', Effect: 'Allow', Principal: { AWS: accountID }, Action: 'sts:AssumeRole' };
  story.role.trustPolicy = JSON.stringify({ ...policy, Statement: [...policy.Statement, foreign] });
  story.kube.seed(oidcIssuers, issuer('abcl0', { status: registered(host, []) }));
  story.forget();
  await story.reconcile();
  expect(story.role.trustPolicy).toBe(before);
  await story.reconcile();
  expect(story.aws.writes).toEqual(['UpdateAssumeRolePolicy']);
});

test('waits where parts of IAM do not know the new role yet, and says so of an old one that is gone', async () => {
  const story = new Story();
  await story.reconcile();
  story.edit({ subjects: [] });
  story.aws.failNext('UpdateAssumeRolePolicy', new ServiceError('NoSuchEntityException', 404));
  await story.reconcile();
  expect(story.condition('TrustReady')).toMatchObject({ status: 'False', reason: 'RolePropagating' });
  await story.clock.advance(60_000);
  story.aws.failNext('UpdateAssumeRolePolicy', new ServiceError('NoSuchEntityException', 404));
  expect(await story.reconcile()).toEqual({ failed: true });
  expect(story.condition('TrustReady')).toMatchObject({ reason: 'ReconciliationFailed' });
});

test('is tried again where IAM does not know yet whom it names', async () => {
  const story = new Story();
  const malformed = () => new ServiceError('MalformedPolicyDocumentException', 400, 'Invalid principal in policy');
  story.aws.failNext('CreateRole', malformed());
  expect(await story.reconcile()).toEqual({ failed: true });
  expect(story.condition('RoleReady')).toMatchObject({ reason: 'ReconciliationFailed' });
  await story.reconcile();
  story.edit({ subjects: [] });
  story.aws.failNext('UpdateAssumeRolePolicy', malformed());
  expect(await story.reconcile()).toEqual({ failed: true });
  expect(story.condition('Stalled')).toBeUndefined();
  await story.reconcile();
  expect(story.role.trustPolicy).toMatch(nobody);
});

test('lets in nobody when no subject is left', async () => {
  const story = new Story();
  await story.reconcile();
  story.edit({ subjects: [] });
  await story.reconcile();
  expect(story.trusted).toEqual([]);
  expect(story.role.trustPolicy).toMatch(nobody);
  expect(story.condition('TrustReady')).toMatchObject({
    status: 'True',
    message: 'spec.subjects is empty, so the trust policy denies everybody',
  });
  // The role is the object's own, so nobody else lost anything.
  expect(story.said).not.toContainEqual(expect.objectContaining({ reason: 'TrustDenied' }));
  story.delete();
  await story.reconcile();
  expect([story.isGone, story.iam.roles.size]).toEqual([true, 0]);
});

test('does not depend on what the issuer says of itself beside its provider', async () => {
  const status = registered(host);
  const failing = ['Verified', 'DNSReady', 'DistributionReady', 'Ready'].map((type) => ({
    ...{ type, status: 'False' as const, reason: 'NotVerified', message: 'nothing answers' },
    lastTransitionTime: '2030-01-01T00:00:00Z',
  }));
  const story = new Story();
  story.kube.seed(oidcIssuers, issuer('abcl0', { status: { ...status, conditions: failing } }));
  await story.reconcile();
  expect(story.trusted).toEqual([reader]);
  expect(story.condition('IssuersReady')).toMatchObject({ status: 'True' });
  expect(story.condition('Ready')).toMatchObject({ status: 'True' });
});

describe('of an issuer that moves to another URL', () => {
  const phases = ['Current', 'Serving', 'Draining', 'Retiring'] as const;
  const hostOf = (phase: string) => `${phase.toLowerCase()}.example.com`;
  const moving = (withProvider: readonly string[] = phases) => {
    const providers = withProvider.flatMap((phase) => registered(hostOf(phase)).providers ?? []);
    const sites = phases.map((phase) => siteOf(`https://${hostOf(phase)}`, phase));
    return issuer('abcl0', { status: { ...registered(hostOf('Current')), sites, providers } });
  };
  const hosts = (story: Story) =>
    (JSON.parse(story.role.trustPolicy) as TrustPolicy).Statement.map(({ Principal }) =>
      (Principal as { Federated: string }).Federated.replace(/^.*oidc-provider\//, ''),
    );
  const counting = ['Current', 'Serving', 'Draining'].map(hostOf);

  test('lets in tokens of each URL that serves or drains, and of none that retires', async () => {
    const story = new Story();
    story.kube.seed(oidcIssuers, moving());
    await story.reconcile();
    expect(hosts(story)).toEqual(counting);
    expect(story.status.issuers?.map((entry) => entry.url)).toEqual(counting.map((each) => `https://${each}`));
  });

  test('keeps the statement of a URL whose provider is not there for a moment', async () => {
    const story = new Story();
    story.kube.seed(oidcIssuers, moving());
    await story.reconcile();
    const before = JSON.parse(story.role.trustPolicy) as TrustPolicy;
    story.kube.seed(oidcIssuers, moving(['Current', 'Draining']));
    story.forget();
    await story.reconcile();
    const after = JSON.parse(story.role.trustPolicy) as TrustPolicy;
    const bySid = ({ Statement }: TrustPolicy) => new Map(Statement.map((each) => [each['Sid'], each]));
    expect(bySid(after)).toEqual(bySid(before));
    expect(story.aws.writes).toEqual([]);
  });
});

test('moves with the reference to another issuer', async () => {
  const story = new Story();
  await story.reconcile();
  story.kube.seed(oidcIssuers, issuer('other'));
  story.edit({ issuerRefs: [{ name: 'other' }] });
  await story.reconcile();
  expect(story.role.trustPolicy).toContain('irsa.other.example.com:sub');
  expect(story.role.trustPolicy).not.toContain('irsa.abcl0.example.com');
  expect(story.status.issuers?.map((entry) => entry.url)).toEqual(['https://irsa.other.example.com']);
});

test('names the former issuer in the status until IAM took its statement away', async () => {
  const story = new Story();
  await story.reconcile();
  story.kube.seed(oidcIssuers, issuer('other'));
  story.edit({ issuerRefs: [{ name: 'other' }] });
  story.aws.failNext('UpdateAssumeRolePolicy', new ServiceError('ServiceFailureException', 500));
  await story.reconcile();
  expect(story.status.issuers?.map((entry) => entry.url)).toEqual([url, 'https://irsa.other.example.com']);
  await story.reconcile();
  expect(story.status.issuers?.map((entry) => entry.url)).toEqual(['https://irsa.other.example.com']);
});

describe('when the issuer is being deleted', () => {
  async function deletedIssuer(spec: Parameters<typeof issuer>[1] = {}): Promise<Story> {
    const story = new Story();
    story.kube.seed(oidcIssuers, issuer('abcl0', { metadata: held, ...spec }));
    await story.reconcile();
    story.deleteIssuerForGood();
    return story;
  }

  test('its statement goes, and then the status lets it go', async () => {
    const story = await deletedIssuer();
    await story.reconcile();
    expect(story.role.trustPolicy).toMatch(nobody);
    expect(story.trusted).toEqual([]);
    expect(story.status.issuers).toEqual([]);
    expect(story.condition('IssuersReady')).toMatchObject({ status: 'False', reason: 'IssuerLeaving' });
    story.forget();
    await story.reconcile();
    expect([...story.aws.writes, ...story.kube.writes]).toEqual([]);
  });

  test.each<[string, (story: Story) => void]>([
    ['nobody allowed it', (story) => story.deleteIssuer()],
    ['somebody refused it', (story) => story.deleteIssuer({ allow: 'false', warned: true })],
    ['its controller has named the roles in no warning yet', (story) => story.deleteIssuer({ allow: 'true' })],
  ])('a role keeps its trust as long as %s', async (_, deleteIssuer) => {
    const story = new Story();
    story.kube.seed(oidcIssuers, issuer('abcl0', { metadata: held }));
    await story.reconcile();
    deleteIssuer(story);
    story.forget();
    await story.reconcile();
    expect(story.trusted).toEqual([reader]);
    expect(story.aws.writes).toEqual([]);
    expect(story.annotations()).toEqual({ 'eks.amazonaws.com/role-arn': roleARN });
    expect(story.condition('IssuersReady')).toMatchObject({
      status: 'True',
      message: 'OIDCIssuer abcl0 is being deleted, and the role stays as it is until that is allowed',
    });
  });

  test('its deletion, while that waits, takes neither annotations nor new subjects from the role', async () => {
    const story = new Story();
    story.kube.seed(oidcIssuers, issuer('abcl0', { metadata: held }));
    await story.reconcile();
    story.deleteIssuer();
    story.takeAnnotations();
    story.workload.seed(serviceAccounts, { metadata: { namespace: 'default', name: 'writer' } });
    story.edit({ subjects: ['s3-reader', 'writer'].map((name) => ({ namespace: 'default', name })) });
    await story.reconcile();
    expect(story.trusted).toEqual([reader, 'system:serviceaccount:default:writer']);
    for (const name of ['s3-reader', 'writer']) {
      expect(story.annotations(name)).toEqual({ 'eks.amazonaws.com/role-arn': roleARN });
    }
    expect(story.condition('Ready')).toMatchObject({ status: 'True' });
  });

  test('no new role is made for it', async () => {
    const story = new Story();
    story.kube.seed(oidcIssuers, issuer('abcl0', { metadata: held }));
    story.deleteIssuer();
    await story.reconcile();
    expect(story.condition('IssuersReady')).toMatchObject({
      status: 'False',
      reason: 'IssuerLeaving',
      message: 'OIDCIssuer abcl0 is being deleted: name another one in spec.issuerRefs',
    });
    expect(story.said).toContainEqual(expect.objectContaining({ type: 'Warning', reason: 'IssuerLeaving' }));
    expect(story.aws.writes).toEqual([]);
  });

  test('the status holds it while IAM refuses', async () => {
    const story = await deletedIssuer();
    await story.clock.advance(minutes(2));
    story.aws.failNext('UpdateAssumeRolePolicy', new ServiceError('AccessDenied', 403));
    await story.reconcile();
    expect(story.status.issuers).toHaveLength(1);
    expect(story.condition('TrustReady')).toMatchObject({ reason: 'AccessDenied' });
  });

  test('a role that IAM has not any more lets it go at once', async () => {
    const story = await deletedIssuer();
    await story.clock.advance(120_000);
    story.iam.roles.clear();
    await story.reconcile();
    expect(story.status.issuers).toEqual([]);
    expect(story.iam.roles.size).toBe(0);
  });

  test('its statement stays with Retain, also when it is gone', async () => {
    const story = await deletedIssuer({ spec: { deletionPolicy: 'Retain' } });
    await story.reconcile();
    expect(story.trusted).toEqual([reader]);
    story.kube.edit(oidcIssuers, { namespace: 'default', name: 'abcl0' }, { metadata: { finalizers: null } });
    story.forget();
    await story.reconcile();
    expect(story.condition('IssuersReady')).toMatchObject({ status: 'False', reason: 'IssuerNotFound' });
    expect(story.trusted).toEqual([reader]);
    expect(story.aws.writes).toEqual([]);
  });

  test('its statement goes also where the status was lost since', async () => {
    const story = await deletedIssuer();
    story.loseStatus();
    await story.reconcile();
    expect(story.role.trustPolicy).toMatch(nobody);
    expect(story.status).toMatchObject({ issuers: [], accountID: '111122223333' });
  });

  test('the status that was lost holds it again while IAM refuses', async () => {
    const story = await deletedIssuer();
    story.loseStatus();
    story.aws.failNext('UpdateAssumeRolePolicy', new ServiceError('AccessDenied', 403));
    await story.reconcile();
    expect(story.status.issuers?.map((entry) => entry.url)).toEqual([url]);
  });

  test('its statement stays with Retain also where the status was lost since', async () => {
    const story = await deletedIssuer({ spec: { deletionPolicy: 'Retain' } });
    story.loseStatus();
    story.forget();
    await story.reconcile();
    // Refused, for the role is there.
    expect(story.aws.writes).toEqual(['CreateRole']);
    expect(story.trusted).toEqual([reader]);
    expect(story.status.issuers?.map((entry) => entry.url)).toEqual([url]);
  });

  test('a role of which nothing is known stays as it is while the issuer is suspended', async () => {
    const story = await deletedIssuer({ spec: { suspend: true } });
    story.loseStatus();
    story.kube.seed(oidcIssuers, {
      ...issuer('abcl0', { spec: { suspend: true }, status: {} }),
      metadata: { namespace: 'default', name: 'abcl0', ...held, deletionTimestamp: '2030-01-01T00:00:00Z' },
    });
    await story.reconcile();
    expect(story.trusted).toEqual([reader]);
  });

  test('a role whose creation was not answered, and that IAM does not show yet, holds it until it must have come', async () => {
    const story = new Story();
    story.kube.seed(oidcIssuers, issuer('abcl0', { metadata: held }));
    story.aws.failNext('CreateRole', new Error('the operator dies here'), { tookEffect: true });
    await story.reconcile();
    story.deleteIssuerForGood();
    story.aws.failNext('GetRole', new ServiceError('NoSuchEntityException', 404));
    await story.reconcile();
    expect(story.condition('RoleReady')).toMatchObject({ status: 'False', reason: 'RolePropagating' });
    expect(story.holdsIssuer).toBe(true);
    await story.reconcile();
    expect(story.role.trustPolicy).toMatch(nobody);
    expect(story.holdsIssuer).toBe(false);
  });

  test('a suspended role keeps its statement and holds it', async () => {
    const story = await deletedIssuer();
    story.edit({ suspend: true });
    story.forget();
    await story.reconcile();
    expect(story.aws.calls).toEqual([]);
    expect(story.status.issuers).toHaveLength(1);
  });
});

test('of a role that is somebody else’s holds no issuer that leaves, and writes nothing at rest', async () => {
  const story = new Story();
  story.kube.seed(oidcIssuers, issuer('abcl0', { metadata: held }));
  story.iam.CreateRole({ RoleName: roleName, Path: '/', AssumeRolePolicyDocument: '{"Statement":[]}' });
  await story.clock.advance(120_000);
  await story.reconcile();
  expect(story.condition('RoleReady')).toMatchObject({ status: 'False', reason: 'NotOwned' });
  story.forget();
  await story.reconcile();
  expect(story.kube.writes).toEqual([]);
  story.deleteIssuerForGood();
  await story.reconcile();
  expect(story.holdsIssuer).toBe(false);
});

describe('that nobody remembers, since the status was lost, holds the issuer', () => {
  async function forgotten(): Promise<Story> {
    const story = new Story();
    story.kube.seed(oidcIssuers, issuer('abcl0', { metadata: held }));
    await story.reconcile();
    story.loseStatus();
    return story;
  }

  test('also after a pass that could not tell, as the issuer had lost its status too', async () => {
    const story = await forgotten();
    story.kube.seed(oidcIssuers, issuer('abcl0', { metadata: held, status: { issuerURL: url } }));
    await story.reconcile();
    expect(story.holdsIssuer).toBe(true);
    story.deleteIssuerForGood();
    await story.reconcile();
    expect(story.role.trustPolicy).toMatch(nobody);
    expect(story.holdsIssuer).toBe(false);
  });

  test.each([
    ['suspended', { suspend: true }, { suspend: false }],
    ['refused', { policies: { inline: [{ name: 'p', document: '[]' }] } }, { policies: null }],
  ])('also after a pass in which it was %s', async (_, spec, well) => {
    const story = await forgotten();
    story.edit(spec);
    await story.reconcile();
    expect(story.holdsIssuer).toBe(true);
    story.edit(well);
    await story.reconcile();
    expect(story.status.issuers?.map((entry) => entry.url)).toEqual([url]);
  });

  test('no longer than there is a chance of it: not where no role was ever made', async () => {
    const story = new Story();
    story.kube.seed(oidcIssuers, issuer('abcl0', { metadata: held, status: {} }));
    await story.reconcile();
    expect(story.holdsIssuer).toBe(false);
  });
});

test('stays where another object of the same alias, that was never registered, comes while its issuer is retained', async () => {
  const story = new Story();
  story.kube.seed(oidcIssuers, issuer('abcl0', { metadata: held, spec: { deletionPolicy: 'Retain' } }));
  await story.reconcile();
  story.kube.seed(oidcIssuers, issuer('copy', { status: { issuerURL: url, accountID: '111122223333' } }));
  story.kube.remove(oidcIssuers, { namespace: 'default', name: 'abcl0' });
  await story.reconcile();
  expect(story.trusted).toEqual([reader]);
});

test('is not written without the audiences of an issuer that cannot be seen', async () => {
  const story = new Story();
  story.kube.seed(oidcIssuers, issuer('abcl0', { status: registered(host, ['my-audience']) }));
  await story.reconcile();
  story.kube.remove(oidcIssuers, { namespace: 'default', name: 'abcl0' });
  story.forget();
  await story.reconcile();
  expect(story.role.trustPolicy).toContain('my-audience');
  expect(story.aws.writes).toEqual([]);
});

test('goes with the role', async () => {
  const story = new Story();
  await story.reconcile();
  story.delete();
  await story.reconcile();
  expect(story.kube.get(iamServiceAccounts, ref)).toBeUndefined();
  expect(story.iam.roles.size).toBe(0);
});
