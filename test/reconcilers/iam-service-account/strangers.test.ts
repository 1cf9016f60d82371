import { expect, test } from '@jest/globals';
import type { GuardrailSpec } from '../../../src/api/generated/guardrail.ts';
import type { IAMServiceAccount, OIDCIssuer } from '../../../src/api/kinds.ts';
import { finalizer } from '../../../src/api/names.ts';
import { iamServiceAccounts, oidcIssuers } from '../../../src/api/resources.ts';
import { dependentsOf } from '../../../src/controllers/dependents.ts';
import { judgeIssuer, judgeRole } from '../../../src/controllers/guardrails/judge.ts';
import { iamServiceAccountDefinition } from '../../../src/controllers/iam-service-account/definition.ts';
import { account, issuer, roleARN, Story } from './story.ts';

const victim = 'arn:aws:iam::999988887777:role/victim';
const own = 'arn:aws:iam::111122223333:role/own';

/** The Guardrail of namespace default: one account role, and one kind of alias. */
function guard(story: Story): void {
  const spec: GuardrailSpec = {
    namespaces: ['default'],
    accounts: [own],
    issuers: { aliases: ['*.example.com'] },
    roles: { managedPolicies: ['*'], inlinePolicies: { deniedActions: ['iam:*'] } },
  };
  const namespace = { name: 'default', labels: {} };
  const guardrails = [{ name: 'narrow', spec }];
  story.admission.issuer = (object) => judgeIssuer(object, namespace, guardrails);
  story.admission.role = (request) =>
    judgeRole(
      { ...request, refusedIssuers: request.issuers, older: () => 0, installation: 'test', partition: 'aws' },
      namespace,
      guardrails,
    );
}

/** As somebody applies it who writes our finalizer too. */
function forge(story: Story, spec: Parameters<typeof account>[0] = {}): void {
  const seed = account(spec);
  story.kube.seed(iamServiceAccounts, { ...seed, metadata: { ...seed.metadata, finalizers: [finalizer] } });
}

test.each([undefined, { roleARN: victim }])(
  'the deletion of an object with our finalizer and the account %j opens no account that no Guardrail allows',
  async (named) => {
    const story = new Story();
    guard(story);
    story.kube.seed(oidcIssuers, issuer('abcl0', { spec: { account: { roleARN: victim } }, status: {} }));
    forge(story, named ? { account: named } : {});
    story.delete();
    story.forget();
    await story.reconcile();
    expect(story.isGone).toBe(true);
    expect(story.aws.calls).toEqual([]);
  },
);

test.each([
  ['an inline policy that is no JSON', { policies: { inline: [{ name: 'x', document: '{oops}' }] } }, {}],
  ['an issuer whose URL is none', {}, { hosting: { external: { issuerURL: 'https://a.999' } } }],
])('%s holds no deletion', async (_, spec, issuerSpec) => {
  const story = new Story();
  guard(story);
  story.kube.seed(oidcIssuers, issuer('abcl0', { spec: { account: { roleARN: own }, ...issuerSpec }, status: {} }));
  forge(story, spec);
  story.delete();
  await story.reconcile();
  expect(story.isGone).toBe(true);
});

test('a service account is not held by an older object of another namespace that calls its own cluster by the same name', async () => {
  const story = new Story();
  const there = { namespace: 'b', name: 'squatter' };
  story.kube.seed(
    oidcIssuers,
    issuer('mine', { spec: { clusterName: 'abcl0' }, metadata: { namespace: 'b', name: 'mine' } }),
  );
  story.seedSecret('abcl0-kubeconfig', { value: 'of another cluster' }, 'b');
  const metadata = { ...there, creationTimestamp: '2000-01-01T00:00:00Z' };
  const seed = account({ issuerRefs: [{ namespace: '', name: 'mine' }] });
  story.kube.seed(iamServiceAccounts, { ...seed, metadata });
  await story.runner(iamServiceAccountDefinition(story))(there);
  const squatter = story.kube.get<IAMServiceAccount>(iamServiceAccounts, there);
  expect(squatter?.status?.serviceAccounts).toMatchObject([{ cluster: 'abcl0', name: 's3-reader' }]);

  await story.reconcile();
  expect(story.condition('ServiceAccountsReady')).toMatchObject({ status: 'True' });
  expect(story.annotations()).toEqual({ 'eks.amazonaws.com/role-arn': roleARN });
});

test('an object of another namespace that was never let in does not hold the deletion of an issuer', async () => {
  const story = new Story();
  const shared = { namespace: 'platform', name: 'shared' };
  const selector = { from: 'Selector' as const, selector: { matchLabels: { team: 'a' } } };
  story.kube.seed(oidcIssuers, { ...issuer('shared', { spec: { allowedNamespaces: selector } }), metadata: shared });
  const stranger = { namespace: 'b', name: 'stranger' };
  const seed = account({ issuerRefs: [shared] });
  story.kube.seed(iamServiceAccounts, { ...seed, metadata: { ...stranger, finalizers: [finalizer] } });
  const holds = () => {
    const found = story.kube.get<IAMServiceAccount>(iamServiceAccounts, stranger);
    const deleted = story.kube.get<OIDCIssuer>(oidcIssuers, shared);
    return found && deleted ? dependentsOf(deleted, [found]).length : undefined;
  };
  expect(holds()).toBe(1);
  await story.runner(iamServiceAccountDefinition(story))(stranger);
  expect(holds()).toBe(0);
});
