import { describe, expect, test } from '@jest/globals';
import { iamServiceAccounts, namespaces, oidcIssuers } from '../../../src/api/resources.ts';
import { iamServiceAccountDefinition } from '../../../src/controllers/iam-service-account/definition.ts';
import { account, Story, issuer, registered } from './story.ts';

const reader = 'system:serviceaccount:default:s3-reader';
const platform = { namespace: 'platform', name: 'shared' };
const held = { finalizers: ['irsa.giantswarm.io/finalizer'] };
const all = { from: 'All' as const };
const byLabel = { from: 'Selector' as const, selector: { matchLabels: { team: 'a' } } };

/** By which an issuer says that its roles are to let it go. */
const waitsForRoles = {
  type: 'ProvidersReady',
  status: 'False' as const,
  reason: 'DependentsRemaining',
  message: '',
  lastTransitionTime: '2030-01-01T00:00:00Z',
};

/** A role in namespace default that refers to an issuer of namespace platform. */
function story(spec: Parameters<typeof issuer>[1] = { spec: { allowedNamespaces: all } }): Story {
  const made = new Story({ issuerRefs: [platform] });
  made.seedSecret('abcl0-kubeconfig', { value: made.kubeconfig }, 'platform');
  seed(made, spec);
  return made;
}
function seed(made: Story, changes: Parameters<typeof issuer>[1]): void {
  made.kube.seed(
    oidcIssuers,
    issuer('shared', { ...changes, metadata: { ...held, ...changes?.metadata, ...platform } }),
  );
}

test('trusts an issuer of another namespace that lets all in, and annotates its service accounts', async () => {
  const made = story();
  await made.reconcile();
  expect(made.condition('Ready')).toMatchObject({ status: 'True' });
  expect(made.trusted).toEqual([reader]);
  expect(made.role.trustPolicy).toContain('irsa.shared.example.com:sub');
  expect(made.annotations()['eks.amazonaws.com/role-arn']).toBe(made.status.roleARN);
});

test('goes, and its annotations with it, also when the issuer of the other namespace lets it in no more', async () => {
  const made = story();
  await made.reconcile();
  seed(made, { spec: { allowedNamespaces: { from: 'Same' } } });
  made.delete();
  await made.reconcile();
  expect(made.isGone).toBe(true);
  expect(made.iam.roles.size).toBe(0);
  expect(made.annotations()).toEqual({});
});

test('is let in by a label of its namespace, from when that has it', async () => {
  const made = story({ spec: { allowedNamespaces: byLabel } });
  made.kube.seed(namespaces, { metadata: { namespace: '', name: 'default' } });
  await made.reconcile();
  expect(made.condition('Accepted')).toMatchObject({ status: 'False', reason: 'IssuerNotAllowed' });
  made.kube.edit(namespaces, { namespace: '', name: 'default' }, { metadata: { labels: { team: 'a' } } });
  await made.reconcile();
  expect(made.condition('Ready')).toMatchObject({ status: 'True' });
});

test('learns nothing of an issuer that does not let it in: the answer is the same where there is none', async () => {
  const refused = story({ spec: {} });
  await refused.reconcile();
  expect(refused.aws.calls).toEqual([]);
  expect(refused.condition('Accepted')).toMatchObject({ status: 'False', reason: 'IssuerNotAllowed' });
  const none = new Story({ issuerRefs: [platform] });
  await none.reconcile();
  expect(none.object.status).toEqual(refused.object.status);
  expect(none.said).toEqual(refused.said);
});

test('is not told which object of another namespace holds its service account', async () => {
  const made = story();
  const there = { namespace: 'platform', name: 'secret-project' };
  const metadata = { ...there, creationTimestamp: '2000-01-01T00:00:00Z' };
  made.kube.seed(iamServiceAccounts, { ...account({ issuerRefs: [platform] }), metadata });
  await made.runner(iamServiceAccountDefinition(made))(there);
  // Made anew, so that no role stands there that everybody can read.
  made.takeAnnotations();
  await made.reconcile();
  expect(made.condition('ServiceAccountsReady')).toMatchObject({
    reason: 'AnnotationConflict',
    message: expect.stringContaining('held by an IAMServiceAccount of another namespace, which is older'),
  });
  expect(JSON.stringify(made.status.conditions)).not.toContain('secret-project');
});

test('undoes nothing through an issuer that never let it in', async () => {
  const made = story({ spec: {} });
  await made.reconcile();
  made.kube.edit(
    { ...oidcIssuers, plural: 'iamserviceaccounts', kind: 'IAMServiceAccount' },
    { namespace: 'default', name: 's3-reader' },
    { metadata: { finalizers: ['irsa.giantswarm.io/finalizer'] } },
  );
  made.loseStatus();
  made.delete();
  made.forget();
  await made.reconcile();
  expect(made.isGone).toBe(true);
  expect([...made.aws.calls, ...made.workload.reads]).toEqual([]);
});

describe('when the issuer lets it in no more', () => {
  async function revoked(): Promise<Story> {
    const made = story();
    await made.reconcile();
    seed(made, { spec: { allowedNamespaces: { from: 'Same' } } });
    made.forget();
    return made;
  }

  test('what was made stays as it is, and it says so', async () => {
    const made = await revoked();
    const before = made.role.trustPolicy;
    made.edit({ subjects: [{ namespace: 'jobs', name: 'other' }] });
    await made.reconcile();
    expect(made.condition('Accepted')).toMatchObject({ status: 'False', reason: 'IssuerNotAllowed' });
    expect(made.aws.calls).toEqual([]);
    expect(made.role.trustPolicy).toBe(before);
  });

  test('its statement goes when the issuer is deleted, which would wait for it for ever', async () => {
    const made = await revoked();
    seed(made, {
      spec: { allowedNamespaces: { from: 'Same' } },
      metadata: { annotations: { 'irsa.giantswarm.io/allow-deletion': 'true' } },
      status: { ...registered('irsa.shared.example.com'), conditions: [waitsForRoles] },
    });
    made.kube.remove(oidcIssuers, platform);
    await made.reconcile();
    expect(made.trusted).toEqual([]);
    expect(made.status.issuers).toEqual([]);
  });
});

describe('a role that moves to an issuer of its own namespace', () => {
  const own = [{ namespace: '', name: 'abcl0' }];

  test('drops the statement of the other, and its annotations in the cluster of that', async () => {
    const made = story();
    await made.reconcile();
    made.kube.edit(oidcIssuers, { namespace: 'default', name: 'abcl0' }, { spec: { cluster: null } });
    made.edit({ issuerRefs: own });
    await made.reconcile();
    expect(made.role.trustPolicy).toContain('irsa.abcl0.example.com:sub');
    expect(made.role.trustPolicy).not.toContain('irsa.shared.example.com');
    expect(made.status.issuers?.map(({ url }) => url)).toEqual(['https://irsa.abcl0.example.com']);
    expect(made.annotations()).toEqual({});
  });

  test('keeps it until its new issuer is registered: the reference may be a typo', async () => {
    const made = story();
    await made.reconcile();
    made.kube.seed(oidcIssuers, issuer('abcl0', { status: {} }));
    made.edit({ issuerRefs: own });
    await made.reconcile();
    expect(made.role.trustPolicy).toContain('irsa.shared.example.com:sub');
    made.kube.seed(oidcIssuers, issuer('abcl0'));
    await made.reconcile();
    expect(made.role.trustPolicy).not.toContain('irsa.shared.example.com');
    expect(made.role.trustPolicy).toContain('irsa.abcl0.example.com:sub');
  });

  test('keeps it where nobody sees the other issuer any more: one that was moved away still serves pods', async () => {
    const made = story();
    await made.reconcile();
    made.kube.edit(oidcIssuers, platform, { metadata: { finalizers: null } });
    made.kube.remove(oidcIssuers, platform);
    made.kube.seed(oidcIssuers, issuer('abcl0', { status: {} }));
    made.edit({ issuerRefs: own });
    await made.reconcile();
    expect(made.trusted).toEqual([reader]);
  });

  test('drops nothing because an issuer of a third namespace claims the URL', async () => {
    const made = story();
    await made.reconcile();
    made.kube.edit(oidcIssuers, platform, { metadata: { finalizers: null } });
    made.kube.remove(oidcIssuers, platform);
    const { providers: _, ...claim } = registered('irsa.shared.example.com');
    const metadata = { namespace: 'evil' };
    made.kube.seed(oidcIssuers, issuer('shared', { metadata, status: claim }));
    made.kube.seed(oidcIssuers, issuer('abcl0', { status: {} }));
    made.edit({ issuerRefs: own });
    await made.reconcile();
    expect(made.trusted).toEqual([reader]);
  });
});

test('nothing is listed for a role that is ready, nor when it is deleted', async () => {
  const made = new Story();
  await made.reconcile();
  made.forget();
  await made.reconcile();
  made.delete();
  await made.reconcile();
  expect(made.kube.reads.filter(({ verb }) => verb === 'list')).toEqual([]);
});
