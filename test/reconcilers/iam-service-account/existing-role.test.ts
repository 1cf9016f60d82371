import { beforeEach, describe, expect, test } from '@jest/globals';
import type { IAMServiceAccountSpec } from '../../../src/api/generated/iam-service-account.ts';
import type { IAMServiceAccount } from '../../../src/api/kinds.ts';
import { finalizer } from '../../../src/api/names.ts';
import { iamServiceAccounts, oidcIssuers } from '../../../src/api/resources.ts';
import { minutes } from '../../../src/runtime/duration.ts';
import type { FakeRole } from '../../fakes/aws/iam.ts';
import { account, accountID, issuer, ref, Story } from './story.ts';

const name = 'theirs';
const theirARN = `arn:aws:iam::${accountID}:role/${name}`;
const lambda = {
  Sid: 'Lambda',
  Effect: 'Allow',
  Principal: { Service: 'lambda.amazonaws.com' },
  Action: 'sts:AssumeRole',
};
const unnamed = { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${accountID}:root` }, Action: 'sts:AssumeRole' };
type Statement = Readonly<Record<string, unknown>>;
const onlyTrust = (spec: Partial<IAMServiceAccountSpec> = {}): Partial<IAMServiceAccountSpec> => ({
  policies: {},
  role: { name, management: 'TrustOnly' },
  ...spec,
});

/** Somebody's role, and an object that adds its subjects to it. */
class Existing extends Story {
  constructor(statements: readonly Statement[] = [lambda, unnamed], spec = onlyTrust()) {
    super(spec);
    this.make(statements);
  }

  make(statements: readonly Statement[]): void {
    this.iam.CreateRole({
      RoleName: name,
      Path: '/',
      AssumeRolePolicyDocument: JSON.stringify({ Version: '2012-10-17', Id: 'theirs', Statement: statements }),
      Tags: [{ Key: 'terraform', Value: 'true' }],
    });
    this.change({ createdAt: new Date(0) });
  }

  /** As somebody who makes the role anew. */
  change(changes: Partial<FakeRole>): void {
    this.iam.roles.set(name, { ...this.theirs, ...changes });
  }

  get theirs(): FakeRole {
    const role = this.iam.roles.get(name);
    if (!role) throw new Error('their role is gone');
    return role;
  }

  get statements(): Statement[] {
    return (JSON.parse(this.theirs.trustPolicy) as { Statement: Statement[] }).Statement;
  }
}

let story: Existing;
beforeEach(() => {
  story = new Existing();
});

describe('a role of somebody else', () => {
  test('gets our statement beside its own, which stay to the letter, and is touched in nothing else', async () => {
    const { tags } = story.theirs;
    await story.reconcile();
    expect(story.statements.slice(0, 2)).toEqual([lambda, unnamed]);
    expect(story.statements).toHaveLength(3);
    expect(story.statements[2]).toMatchObject({
      Sid: expect.stringMatching(/^Irsa[0-9a-f]{24}$/),
      Effect: 'Allow',
      Condition: { StringEquals: { 'irsa.abcl0.example.com:sub': ['system:serviceaccount:default:s3-reader'] } },
    });
    expect(JSON.parse(story.theirs.trustPolicy)).toMatchObject({ Id: 'theirs' });
    expect(story.aws.writes).toEqual(['UpdateAssumeRolePolicy']);
    expect(story.theirs.tags).toEqual(tags);
    expect(story.status.roleARN).toBe(theirARN);
    expect(story.annotations()).toEqual({ 'eks.amazonaws.com/role-arn': theirARN });
    expect(story.condition('PoliciesReady')).toBeUndefined();
    expect(story.condition('Ready')).toMatchObject({ status: 'True' });
  });

  test('is not written at rest', async () => {
    await story.reconcile();
    story.forget();
    await story.reconcile();
    expect([...story.aws.writes, ...story.kube.writes]).toEqual([]);
    expect(story.aws.calls.map(({ operation }) => operation)).toEqual(['GetRole']);
  });

  test('gets our statement back after somebody took it, without losing what they wrote since', async () => {
    await story.reconcile();
    const [, , ours] = story.statements;
    story.theirs.trustPolicy = JSON.stringify({ Version: '2012-10-17', Statement: lambda });
    await story.reconcile();
    expect(story.statements).toEqual([lambda, ours]);
  });

  test('is waited for where it does not exist, and never made', async () => {
    story.iam.roles.clear();
    await story.reconcile();
    expect(story.condition('RoleReady')).toMatchObject({
      status: 'False',
      reason: 'RoleNotFound',
      message: expect.stringContaining(name),
    });
    expect(story.aws.writes).toEqual([]);
    story.make([lambda]);
    await story.reconcile();
    expect(story.condition('Ready')).toMatchObject({ status: 'True' });
  });

  test('that somebody deleted has no ARN in the status, and holds no issuer', async () => {
    await story.reconcile();
    story.iam.roles.clear();
    await story.reconcile();
    expect(story.condition('RoleReady')).toMatchObject({ status: 'False', reason: 'RoleNotFound' });
    expect(story.status).toMatchObject({ issuers: [] });
    expect(story.status.roleARN).toBeUndefined();
  });

  test('that is spelled otherwise is not touched: the Guardrail judged another ARN', async () => {
    story = new Existing([lambda], onlyTrust({ role: { name: name.toUpperCase(), management: 'TrustOnly' } }));
    await story.reconcile();
    expect(story.condition('RoleReady')).toMatchObject({
      reason: 'InvalidSpec',
      message: expect.stringContaining(theirARN),
    });
    expect(story.aws.writes).toEqual([]);
  });

  test('loses only our statement when the object is deleted', async () => {
    await story.reconcile();
    story.delete();
    await story.reconcile();
    expect(story.isGone).toBe(true);
    expect(story.statements).toEqual([lambda, unnamed]);
    expect(story.aws.writes).toEqual(['UpdateAssumeRolePolicy', 'UpdateAssumeRolePolicy']);
    expect(story.said).not.toContainEqual(expect.objectContaining({ reason: 'TrustDenied' }));
  });

  test('keeps its statements with Retain when the object is deleted, and ours too', async () => {
    story.edit({ deletionPolicy: 'Retain' });
    await story.reconcile();
    const before = story.theirs.trustPolicy;
    story.delete();
    await story.reconcile();
    expect(story.isGone).toBe(true);
    expect(story.theirs.trustPolicy).toBe(before);
    expect(story.annotations()).toEqual({ 'eks.amazonaws.com/role-arn': theirARN });
  });

  test('loses our statement with an issuer that leaves for good', async () => {
    story.kube.edit(oidcIssuers, { namespace: 'default', name: 'abcl0' }, { metadata: { finalizers: ['hold/it'] } });
    await story.reconcile();
    expect(story.statements).toHaveLength(3);
    story.deleteIssuerForGood();
    await story.reconcile();
    expect(story.statements).toEqual([lambda, unnamed]);
    expect(story.condition('TrustReady')).toMatchObject({
      status: 'True',
      message: 'no issuer is left, so the trust policy has only the statements of others',
    });
    expect(story.said).not.toContainEqual(expect.objectContaining({ reason: 'TrustDenied' }));
    expect(story.holdsIssuer).toBe(false);
    story.delete();
    await story.reconcile();
    expect(story.isGone).toBe(true);
    expect(story.statements).toEqual([lambda, unnamed]);
  });

  test('is not missed when the object is deleted after it', async () => {
    await story.reconcile();
    story.iam.roles.clear();
    await story.clock.advance(minutes(2));
    story.delete();
    await story.reconcile();
    expect(story.isGone).toBe(true);
  });

  test('that had no other statement keeps one that denies everybody, which an event says', async () => {
    story.iam.roles.clear();
    story.make([]);
    await story.reconcile();
    expect(story.statements).toHaveLength(1);
    story.delete();
    await story.reconcile();
    expect(story.statements).toEqual([
      expect.objectContaining({ Effect: 'Deny', Sid: expect.stringMatching(/^Irsa/) }),
    ]);
    expect(story.said).toContainEqual(expect.objectContaining({ reason: 'TrustDenied' }));
  });

  test('denies everybody while no subject is left and no other statement stands, and no longer than that', async () => {
    story.iam.roles.clear();
    story.make([]);
    await story.reconcile();
    const before = story.statements;
    story.edit({ subjects: [] });
    await story.reconcile();
    expect(story.statements).toEqual([expect.objectContaining({ Effect: 'Deny' })]);
    const message = 'spec.subjects is empty, so the trust policy denies everybody';
    expect(story.condition('TrustReady')).toMatchObject({ status: 'True', message });
    expect(story.said).toContainEqual(expect.objectContaining({ type: 'Warning', reason: 'TrustDenied' }));
    story.forget();
    await story.reconcile();
    expect([...story.aws.writes, ...story.kube.writes]).toEqual([]);
    story.edit({ subjects: [{ namespace: 'default', name: 's3-reader' }] });
    await story.reconcile();
    expect(story.statements).toEqual(before);
    expect(story.condition('TrustReady')).not.toMatchObject({ message });
  });

  test('that denies everybody already is not written when the object goes', async () => {
    story.iam.roles.clear();
    story.make([]);
    await story.reconcile();
    story.edit({ subjects: [] });
    await story.reconcile();
    story.forget();
    story.delete();
    await story.reconcile();
    expect(story.isGone).toBe(true);
    expect(story.aws.writes).toEqual([]);
    expect(story.statements).toEqual([expect.objectContaining({ Effect: 'Deny' })]);
  });

  test('with another path than the Guardrail judged is not touched', async () => {
    story.change({ path: '/admin/', arn: `arn:aws:iam::${accountID}:role/admin/${name}` });
    await story.reconcile();
    expect(story.condition('RoleReady')).toMatchObject({
      reason: 'InvalidSpec',
      message: expect.stringContaining('/admin/'),
    });
    expect(story.aws.writes).toEqual([]);
  });

  test('that another IAMServiceAccount manages as a whole is not touched', async () => {
    story.theirs.tags = { 'irsa.giantswarm.io/owner': 'IAMServiceAccount/other/x' };
    await story.reconcile();
    expect(story.condition('RoleReady')).toMatchObject({ reason: 'NotOwned' });
    expect(story.aws.writes).toEqual([]);
  });

  test('keeps the statement of an issuer that cannot be seen to the letter', async () => {
    await story.reconcile();
    const before = story.theirs.trustPolicy;
    story.kube.remove(oidcIssuers, { namespace: 'default', name: 'abcl0' });
    story.edit({ subjects: [{ namespace: 'default', name: 'x' }] });
    await story.reconcile();
    expect(story.theirs.trustPolicy).toBe(before);
  });

  test('keeps the statements of a copy of the object in another cluster, until that is taken over', async () => {
    await story.reconcile();
    const [, , ours] = story.statements;
    story.settings.home = 'another-home';
    story.restart();
    await story.reconcile();
    expect(story.statements).toHaveLength(4);
    expect(story.statements).toContainEqual(ours);
    story.settings.takeOver = ['home-of-test'];
    story.restart();
    await story.reconcile();
    expect(story.statements).toHaveLength(3);
    expect(story.statements).not.toContainEqual(ours);
  });

  test('keeps the statement of an issuer that cannot be seen when the object is taken over from another cluster', async () => {
    await story.reconcile();
    const before = story.theirs.trustPolicy;
    story.kube.remove(oidcIssuers, { namespace: 'default', name: 'abcl0' });
    story.settings.home = 'another-home';
    story.settings.takeOver = ['home-of-test'];
    story.restart();
    await story.reconcile();
    expect(story.theirs.trustPolicy).toBe(before);
  });

  test('is found again after the status was lost', async () => {
    await story.reconcile();
    const before = story.theirs.trustPolicy;
    story.loseStatus();
    story.delete();
    await story.reconcile();
    expect(before).toContain('irsa.abcl0');
    expect(story.statements).toEqual([lambda, unnamed]);
  });

  const deaths = ['GetRole', 'UpdateAssumeRolePolicy'].flatMap((operation) =>
    ['make', 'delete'].flatMap((during) => [false, true].map((tookEffect) => ({ operation, during, tookEffect }))),
  );
  test.each(deaths)('converges after the operator died: %j', async ({ operation, during, tookEffect }) => {
    const die = () => story.aws.failNext(operation, new Error('the operator dies here'), { tookEffect });
    if (during === 'make') die();
    await story.reconcile();
    story.restart();
    await story.reconcile();
    expect(story.statements).toHaveLength(3);
    story.delete();
    if (during === 'delete') die();
    await story.reconcile();
    story.restart();
    await story.reconcile();
    expect(story.isGone).toBe(true);
    expect(story.statements).toEqual([lambda, unnamed]);
  });
});

describe('a role that is left although the management changed', () => {
  test.each([{ path: '/' }, {}])(
    'keeps nothing of ours where it was never adopted, asked for with %j',
    async (path) => {
      await story.reconcile();
      story.edit({ role: { name, ...path, management: 'Full' }, policies: null });
      await story.reconcile();
      expect(story.condition('RoleReady')).toMatchObject({ reason: 'NotOwned' });
      story.delete();
      await story.reconcile();
      expect(story.isGone).toBe(true);
      expect(story.statements).toEqual([lambda, unnamed]);
    },
  );

  test('goes with the object that made it', async () => {
    const made = new Story({ role: { name, path: '/', management: 'Full' } });
    await made.reconcile();
    made.edit({ role: { name, path: '/', management: 'TrustOnly' }, policies: null });
    await made.reconcile();
    expect(made.condition('RoleReady')).toMatchObject({ reason: 'NotOwned' });
    made.delete();
    await made.reconcile();
    expect(made.isGone).toBe(true);
    expect(made.iam.roles.size).toBe(0);
  });
});

describe('of two objects that name one role', () => {
  const second = { ...ref, name: 'second' };

  /** As `kubectl get -o yaml` gives it to whoever makes an object of another name of it. */
  function copy({ status, ...metadata }: { readonly status?: object; readonly deletionTimestamp?: string } = {}): void {
    const seed = account(onlyTrust(), 'second');
    const whole = { ...seed.metadata, ...metadata, generation: 1, finalizers: [finalizer] };
    story.kube.seed(iamServiceAccounts, { ...seed, ...(status && { status }), metadata: whole });
  }

  test.each([true, false])(
    'the deletion of the copy takes nothing from the other (looked at before: %j)',
    async (looked) => {
      await story.reconcile();
      await story.clock.advance(minutes(1));
      copy();
      if (looked) await story.reconcile('second');
      const before = [...story.statements];
      story.kube.remove(iamServiceAccounts, second);
      await story.reconcile('second');
      expect(story.kube.get(iamServiceAccounts, second)).toBeUndefined();
      expect(story.annotations()).toEqual({ 'eks.amazonaws.com/role-arn': theirARN });
      expect(story.statements).toEqual(before);
    },
  );

  test('the deletion of the copy takes nothing from one that is refused meanwhile', async () => {
    await story.reconcile();
    story.edit({ session: { tokenExpiration: '1h' } });
    story.admission.role = ({ object }) =>
      object.metadata.name === 'second' ? { allowed: true, guardrail: 'all' } : { allowed: false, message: 'not now' };
    await story.reconcile();
    expect(story.condition('Accepted')).toMatchObject({ status: 'False' });
    copy();
    story.kube.remove(iamServiceAccounts, second);
    await story.reconcile('second');
    expect(story.kube.get(iamServiceAccounts, second)).toBeUndefined();
    expect(story.annotations()).toEqual({ 'eks.amazonaws.com/role-arn': theirARN });
  });

  test('the deletion of both leaves no annotation', async () => {
    await story.reconcile();
    copy({ deletionTimestamp: '2030-01-01T00:00:00Z', status: { ...story.status, observedGeneration: 1 } });
    story.delete();
    await story.reconcile();
    expect(story.isGone).toBe(true);
    expect(story.annotations()).toEqual({});
  });

  test('the one that is refused does not hold an issuer that leaves for good', async () => {
    story.kube.seed(oidcIssuers, issuer('abcl0', { metadata: { finalizers: [finalizer] } }));
    await story.reconcile();
    await story.clock.advance(minutes(1));
    story.kube.seed(iamServiceAccounts, account(onlyTrust(), 'second'));
    await story.reconcile('second');
    story.deleteIssuerForGood();
    await story.reconcile();
    await story.reconcile('second');
    expect(story.holdsIssuer).toBe(false);
    expect(story.kube.get<IAMServiceAccount>(iamServiceAccounts, second)?.status?.issuers).toEqual([]);
  });

  test.each([name, name.toUpperCase()])('the older one has it, and the other (%s) says who', async (spelled) => {
    await story.reconcile();
    await story.clock.advance(minutes(1));
    story.kube.seed(
      iamServiceAccounts,
      account(onlyTrust({ role: { name: spelled, management: 'TrustOnly' } }), 'second'),
    );
    story.forget();
    await story.reconcile('second');
    expect(story.condition('Accepted', 'second')).toMatchObject({
      status: 'False',
      reason: 'NameHeld',
      message: expect.stringContaining('IAMServiceAccount s3-reader holds role'),
    });
    expect(story.aws.calls).toEqual([]);
    story.delete();
    await story.reconcile();
    await story.reconcile('second');
    expect(story.condition('Accepted', 'second')).toMatchObject({ status: 'True' });
    expect(story.kube.get(iamServiceAccounts, second)).toBeDefined();
  });

  test('the one that has it keeps it when an older one comes to name it, which it may do when a Guardrail lets it', async () => {
    await story.clock.advance(minutes(1));
    story.kube.seed(iamServiceAccounts, account(onlyTrust(), 'second'));
    await story.reconcile('second');
    expect(story.condition('Ready', 'second')).toMatchObject({ status: 'True' });
    const before = story.theirs.trustPolicy;
    await story.reconcile();
    expect(story.condition('Accepted')).toMatchObject({
      reason: 'NameHeld',
      message: expect.stringContaining('IAMServiceAccount second holds role'),
    });
    await story.reconcile('second');
    expect(story.theirs.trustPolicy).toBe(before);
  });

  test('one of another namespace is not named', async () => {
    const allowedNamespaces = { from: 'All' as const };
    story.kube.seed(oidcIssuers, issuer('abcl0', { spec: { allowedNamespaces } }));
    await story.reconcile();
    await story.clock.advance(minutes(1));
    const { spec } = account(onlyTrust({ issuerRefs: [{ namespace: 'default', name: 'abcl0' }] }));
    story.kube.seed(iamServiceAccounts, { metadata: { namespace: 'other', name: ref.name }, spec });
    await story.reconcileIn('other');
    const stranger = story.kube.get<IAMServiceAccount>(iamServiceAccounts, { namespace: 'other', name: ref.name });
    const accepted = stranger?.status?.conditions?.find(({ type }) => type === 'Accepted');
    expect(accepted).toMatchObject({
      reason: 'NameHeld',
      message: expect.stringContaining('an IAMServiceAccount of another namespace holds role'),
    });
  });
});

describe('a role that the object is to adopt', () => {
  const adopting: Partial<IAMServiceAccountSpec> = {
    role: { name, path: '/', management: 'Full' },
    policies: { managed: [], inline: [] },
  };

  function adopter({ granted, annotated = true }: { granted: boolean; annotated?: boolean }): Existing {
    const made = new Existing([lambda], adopting);
    made.theirs.managed.add('arn:aws:iam::aws:policy/ReadOnlyAccess');
    if (annotated)
      made.kube.edit(iamServiceAccounts, ref, { metadata: { annotations: { 'irsa.giantswarm.io/adopt': 'true' } } });
    made.admission.role = () => ({ allowed: true, guardrail: 'everything', ...(granted && { existingRole: true }) });
    return made;
  }

  test('becomes ours where the annotation asks for it and a Guardrail lists it', async () => {
    const made = adopter({ granted: true });
    await made.reconcile();
    expect(made.theirs.tags).toMatchObject({
      terraform: 'true',
      'irsa.giantswarm.io/owner': 'IAMServiceAccount/default/s3-reader',
      'irsa.giantswarm.io/home': 'home-of-test',
    });
    expect(made.statements).toHaveLength(1);
    expect([...made.theirs.managed]).toEqual([]);
    expect(made.condition('Ready')).toMatchObject({ status: 'True' });
    made.forget();
    await made.reconcile();
    expect(made.aws.writes).toEqual([]);
  });

  test('becomes ours where the annotation asks for it and its AWS tag names the object', async () => {
    const made = adopter({ granted: false });
    made.theirs.tags['irsa.giantswarm.io/adopt'] = 'IAMServiceAccount/default/s3-reader';
    await made.reconcile();
    expect(made.condition('Ready')).toMatchObject({ status: 'True' });
  });

  test.each([
    ['only the annotation asks for it', { granted: false }],
    ['only the Guardrail lists it', { granted: true, annotated: false }],
  ])('stays as it is where %s', async (_, how) => {
    const made = adopter(how);
    const before = structuredClone(made.theirs);
    await made.reconcile();
    expect(made.condition('RoleReady')).toMatchObject({ reason: 'NotOwned' });
    expect(made.theirs).toEqual(before);
    made.delete();
    await made.reconcile();
    expect(made.theirs).toEqual(before);
  });

  test('stays as it is until all of its issuers are ready, because pods may live by a statement of somebody else', async () => {
    const made = adopter({ granted: true });
    made.edit({ issuerRefs: [{ name: 'abcl0' }, { name: 'late' }] });
    const before = structuredClone(made.theirs);
    await made.reconcile();
    expect(made.condition('IssuersReady')).toMatchObject({ status: 'False' });
    expect(made.condition('RoleReady')).toMatchObject({ status: 'False', reason: 'DependencyNotReady' });
    expect(made.theirs).toEqual(before);
    made.edit({ issuerRefs: [{ name: 'abcl0' }] });
    await made.reconcile();
    expect(made.condition('Ready')).toMatchObject({ status: 'True' });
  });

  test('is changed in nothing before its tags say whose it is', async () => {
    const made = adopter({ granted: true });
    made.change({ maxSessionDuration: 7200, description: 'theirs' });
    made.aws.failNext('TagRole', new Error('the operator dies here'));
    await made.reconcile();
    expect(made.theirs).toMatchObject({ maxSessionDuration: 7200, description: 'theirs', tags: { terraform: 'true' } });
    await made.reconcile();
    expect(made.condition('Ready')).toMatchObject({ status: 'True' });
  });

  test('is shown by a plan first, which writes nothing', async () => {
    const made = adopter({ granted: true });
    made.annotatePlan('true');
    const before = structuredClone(made.theirs);
    await made.reconcile();
    expect(made.theirs).toEqual(before);
    expect(made.status.plan?.join('\n')).toMatch(/tag.*theirs[\s\S]*trust policy.*theirs[\s\S]*ReadOnlyAccess/);
  });

  test('under a name that differs in case from what the Guardrail judged is not adopted', async () => {
    const made = new Existing([lambda], { ...adopting, role: { name: 'Theirs', path: '/', management: 'Full' } });
    made.kube.edit(iamServiceAccounts, ref, { metadata: { annotations: { 'irsa.giantswarm.io/adopt': 'true' } } });
    made.admission.role = () => ({ allowed: true, guardrail: 'everything', existingRole: true });
    const before = structuredClone(made.theirs);
    await made.reconcile();
    expect(made.condition('RoleReady')).toMatchObject({
      reason: 'InvalidSpec',
      message: expect.stringContaining('IAM has the role as theirs'),
    });
    expect(made.theirs).toEqual(before);
  });

  test.each(['home-of-test', 'another-home'])(
    'and that it shared before keeps the statement of an issuer that cannot be seen (in %s)',
    async (home) => {
      const made = new Existing([lambda], onlyTrust({ role: { name, path: '/', management: 'TrustOnly' } }));
      made.admission.role = () => ({ allowed: true, guardrail: 'everything', existingRole: true });
      await made.reconcile();
      const [, ours] = made.statements;
      made.kube.edit(iamServiceAccounts, ref, { metadata: { annotations: { 'irsa.giantswarm.io/adopt': 'true' } } });
      made.edit(adopting);
      // The role is adopted, and the issuer is lost before the trust policy is written.
      made.aws.failNext('UpdateAssumeRolePolicy', new Error('the operator dies here'));
      await made.reconcile();
      expect(made.statements).toEqual([lambda, ours]);
      made.kube.remove(oidcIssuers, { namespace: 'default', name: 'abcl0' });
      made.settings.home = home;
      made.settings.takeOver = ['home-of-test'];
      made.restart();
      await made.reconcile();
      expect(made.theirs.tags).toMatchObject({ 'irsa.giantswarm.io/home': home });
      expect(made.statements).toEqual([ours]);
      made.kube.seed(oidcIssuers, issuer());
      await made.reconcile();
      expect(made.statements).toEqual([{ ...ours, Sid: expect.stringMatching(/^Irsa[0-9a-f]{16}$/) }]);
    },
  );

  test('that belongs to another object is not adopted', async () => {
    const made = adopter({ granted: true });
    made.theirs.tags = {
      'irsa.giantswarm.io/installation': 'test',
      'irsa.giantswarm.io/owner': 'IAMServiceAccount/other/x',
      'irsa.giantswarm.io/home': 'home-of-test',
    };
    const before = structuredClone(made.theirs);
    await made.reconcile();
    expect(made.condition('RoleReady')).toMatchObject({ reason: 'NotOwned' });
    expect(made.theirs).toEqual(before);
  });
});
