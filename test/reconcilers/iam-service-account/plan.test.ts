import { describe, expect, test } from '@jest/globals';
import { iamServiceAccounts, oidcIssuers, serviceAccounts } from '../../../src/api/resources.ts';
import { document, readOnly, ref, roleARN, roleName, Story } from './story.ts';

const logs = 'arn:aws:iam::aws:policy/CloudWatchLogsFullAccess';
const annotating = 'applying ServiceAccount default/s3-reader of cluster abcl0';

class PlanStory extends Story {
  /** What a pass with the annotation writes down. It writes nothing else, and the next one writes nothing at all. */
  async plan(): Promise<readonly string[]> {
    this.annotatePlan('true');
    const { conditions, ...before } = this.status;
    const { finalizers } = this.object.metadata;
    this.forget();
    await this.reconcile();
    expect(this.aws.writes).toEqual([]);
    expect(this.workload.writes).toEqual([]);
    expect(this.kube.writes.map(({ verb, resource }) => `${verb} ${resource}`)).toEqual([
      'patchStatus iamserviceaccounts',
    ]);
    expect(this.said).toEqual([]);
    const { plan = [], conditions: after, ...rest } = this.status;
    expect(rest).toEqual({ observedGeneration: -1, ...before });
    if (!this.object.metadata.deletionTimestamp) expect(after).toEqual(conditions);
    expect(this.object.metadata.finalizers).toEqual(finalizers);
    this.forget();
    await this.reconcile();
    expect([...this.aws.writes, ...this.kube.writes, ...this.workload.writes]).toEqual([]);
    return plan;
  }
}

const making = [
  `creating role ${roleName}`,
  `attaching policy ${readOnly} to role ${roleName}`,
  `writing inline policy echo of role ${roleName}`,
  annotating,
];

describe('a plan of a role', () => {
  test('that is new lists all that is made', async () => {
    expect(await new PlanStory().plan()).toEqual(making);
  });

  test('that is new and whose name a stranger has claims no creation', async () => {
    const story = new PlanStory();
    const stranger = new Story();
    await stranger.reconcile();
    story.iam.roles.set(roleName, { ...stranger.role, tags: {} });
    await story.clock.advance(120_000);
    expect(await story.plan()).toEqual([
      expect.stringMatching(/^RoleReady: .*role/),
      'afterwards, when that is done: TrustReady, PoliciesReady, ServiceAccountsReady',
    ]);
  });

  test('that is new and whose service account names it already shares what is written there', async () => {
    const story = new PlanStory();
    const annotations = { 'eks.amazonaws.com/role-arn': roleARN };
    const labels = { 'irsa.giantswarm.io/pod-identity': 'true' };
    const metadata = { annotations, labels };
    story.workload.edit(serviceAccounts, { namespace: 'default', name: 's3-reader' }, { metadata });
    expect(await story.plan()).toEqual(making);
  });

  test('that is at rest says that nothing would change', async () => {
    const story = new PlanStory();
    await story.reconcile();
    expect(await story.plan()).toEqual(['nothing would change']);
  });

  test('whose status was lost makes nothing a second time', async () => {
    const story = new PlanStory();
    await story.reconcile();
    story.loseStatus();
    await story.clock.advance(120_000);
    expect(await story.plan()).toEqual(['nothing would change']);
  });

  test('that drifted lists the repairs', async () => {
    const story = new PlanStory();
    await story.reconcile();
    story.role.managed.clear();
    story.role.managed.add(logs);
    story.role.trustPolicy = '{"Version":"2012-10-17","Statement":[]}';
    story.takeAnnotations();
    expect(await story.plan()).toEqual([
      `updating the trust policy of role ${roleName}`,
      `attaching policy ${readOnly} to role ${roleName}`,
      `detaching policy ${logs} from role ${roleName}`,
      annotating,
    ]);
  });

  test('whose issuer is not there says so', async () => {
    const story = new PlanStory({ issuerRefs: [{ namespace: '', name: 'nobody' }] });
    expect(await story.plan()).toEqual([
      expect.stringMatching(/^IssuersReady: OIDCIssuer nobody does not exist/),
      'afterwards, when that is done: RoleReady, TrustReady, PoliciesReady, ServiceAccountsReady',
    ]);
  });

  test('tells nothing of the documents', async () => {
    const story = new PlanStory();
    const plan = await story.plan();
    expect(plan.join()).not.toContain(JSON.parse(document).Statement[0].Resource);
  });

  test('that is suspended is made all the same', async () => {
    expect(await new PlanStory({ suspend: true }).plan()).toEqual(making);
  });

  test('goes with its annotation, and what it said is done', async () => {
    const story = new PlanStory();
    await story.plan();
    story.annotatePlan(null);
    await story.reconcile();
    expect(story.status.plan).toBeUndefined();
    expect(story.status.roleARN).toBe(roleARN);
    expect(story.annotations()).toMatchObject({ 'eks.amazonaws.com/role-arn': roleARN });
    expect(story.aws.writes).toEqual(['CreateRole', 'AttachRolePolicy', 'PutRolePolicy']);
  });
});

describe('a plan of a deletion', () => {
  test('lists what goes and removes nothing, and says what holds the deletion', async () => {
    const story = new PlanStory();
    await story.reconcile();
    await story.clock.advance(120_000);
    story.delete();
    expect(await story.plan()).toEqual([
      annotating,
      `detaching policy ${readOnly} from role ${roleName}`,
      `deleting inline policy echo of role ${roleName}`,
      `deleting role ${roleName}`,
      'letting the object go',
    ]);
    expect(story.condition('Ready')).toMatchObject({ status: 'False', reason: 'DeletionPlanned' });
    expect(story.condition('RoleReady')).toMatchObject({ status: 'True' });
    story.annotatePlan(null);
    await story.reconcile();
    expect(story.isGone).toBe(true);
    expect(story.iam.roles.size).toBe(0);
  });

  test('takes off what is on the role, not what the spec says', async () => {
    const story = new PlanStory();
    await story.reconcile();
    await story.clock.advance(120_000);
    story.role.managed.clear();
    story.role.managed.add(logs);
    story.delete();
    expect(await story.plan()).toEqual([
      annotating,
      `deleting inline policy echo of role ${roleName}`,
      `detaching policy ${logs} from role ${roleName}`,
      `deleting role ${roleName}`,
      'letting the object go',
    ]);
  });

  test('of an object for which nothing was made only lets it go', async () => {
    const story = new PlanStory();
    story.kube.remove(oidcIssuers, { namespace: 'default', name: 'abcl0' });
    await story.reconcile();
    story.delete();
    expect(await story.plan()).toEqual(['letting the object go']);
  });
});

test('the annotation reconcile-at makes a pass for each value', async () => {
  const story = new Story();
  await story.reconcile();
  const asked = { metadata: { annotations: { 'irsa.giantswarm.io/reconcile-at': 'now' } } };
  story.kube.edit(iamServiceAccounts, ref, asked);
  story.role.managed.clear();
  await story.reconcile();
  expect([...story.role.managed]).toEqual([readOnly]);
  expect(story.status.lastHandledReconcileAt).toBe('now');
});
