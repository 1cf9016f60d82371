import { describe, expect, test } from '@jest/globals';
import { oidcIssuers } from '../../../src/api/resources.ts';
import { minutes } from '../../../src/runtime/duration.ts';
import { scope } from '../../fakes/aws/scope.ts';
import { ServiceError } from '../../fakes/aws/service.ts';
import { Story, issuer, readOnly, roleName } from './story.ts';

const resync = minutes(5);
const oneSweep = ['GetAccountAuthorizationDetails', 'ListRoles'];
const ownLook = ['GetRole', 'ListAttachedRolePolicies', 'ListRolePolicies', 'GetRolePolicy'];

const held = { finalizers: ['irsa.giantswarm.io/finalizer'] };

/** A role that is ready, and was looked at by a sweep. */
async function atRest(): Promise<Story> {
  const story = new Story();
  await story.reconcile();
  await story.reconcile();
  expect(story.condition('Ready')).toMatchObject({ status: 'True' });
  story.forget();
  return story;
}

/** Many roles that are ready. */
class Many extends Story {
  readonly readers = Array.from({ length: 1000 }, (_, number) => `reader-${number}`);

  static async make(): Promise<Many> {
    const many = new Many();
    // Without a cluster no pass looks at service accounts.
    many.kube.edit(oidcIssuers, { namespace: 'default', name: 'abcl0' }, { spec: { cluster: null } });
    for (const name of many.readers) many.apply({}, name);
    await many.all();
    return many;
  }

  /** A pass over each, at the same time. */
  async all(): Promise<void> {
    this.forget();
    await Promise.all(this.readers.map((name) => this.reconcile(name)));
  }

  get writes(): readonly unknown[] {
    return [...this.aws.writes, ...this.kube.writes, ...this.workload.writes];
  }

  roleOf(name: string) {
    const found = [...this.iam.roles.values()].find((role) => role.name.startsWith(`${name}-`));
    if (!found) throw new Error(`there is no role of ${name}`);
    return found;
  }
}

const counts = (calls: readonly string[]) =>
  Object.fromEntries([...new Set(calls)].map((name) => [name, calls.filter((call) => call === name).length]));

test('a thousand roles at rest cost two calls an interval, and nothing is written', async () => {
  const many = await Many.make();
  await many.clock.advance(resync);
  await many.all();
  expect(many.aws.reads.toSorted()).toEqual(['GetAccountAuthorizationDetails', 'GetAccountSummary', 'ListRoles']);
  expect(many.writes).toEqual([]);

  await many.clock.advance(resync);
  many.aws.pageSize = 250;
  await many.all();
  expect(counts(many.aws.reads)).toEqual({ GetAccountAuthorizationDetails: 4, ListRoles: 4 });
  expect(many.writes).toEqual([]);

  // As after a restart: nothing is remembered but what the objects say.
  many.aws.pageSize = 1000;
  many.accounts = many.aws.accounts();
  many.restart();
  await many.all();
  expect(many.aws.calls.length).toBeLessThanOrEqual(10);
  expect(many.writes).toEqual([]);

  // One in a hundred drifts.
  await many.clock.advance(resync);
  const drifted = many.readers.filter((_, number) => number % 100 === 0);
  for (const name of drifted) many.roleOf(name).managed.clear();
  await many.all();
  const each = drifted.length;
  expect(counts(many.aws.reads)).toEqual({
    ...{ GetAccountAuthorizationDetails: 1, ListRoles: 1 },
    ...{ GetRole: each, ListAttachedRolePolicies: each, ListRolePolicies: each, GetRolePolicy: each },
  });
  expect(counts(many.aws.writes)).toEqual({ AttachRolePolicy: each });
  for (const name of drifted) expect([...many.roleOf(name).managed]).toEqual([readOnly]);
}, 120_000);

describe('a role that differs from the sweep', () => {
  test('is not called changed by a sweep that is older: nothing is written, and the next sweep has it repaired', async () => {
    const story = await atRest();
    story.role.managed.clear();
    await story.clock.advance(resync - 1);
    await story.reconcile();
    expect([...story.aws.calls, ...story.kube.writes]).toEqual([]);
    await story.clock.advance(1);
    await story.reconcile();
    expect(story.aws.reads).toEqual([...oneSweep, ...ownLook.slice(0, 3), 'GetRolePolicy']);
    expect(story.aws.writes).toEqual(['AttachRolePolicy']);
  });

  const stale: Readonly<Record<string, (story: Story) => () => void>> = {
    'was drifted when it was swept': (story) => {
      const { description } = story.role;
      story.role.description = 'mine';
      return () => (story.role.description = description);
    },
    'had no policies when it was swept': (story) => {
      story.role.managed.clear();
      return () => story.role.managed.add(readOnly);
    },
    'was not there when it was swept': (story) => {
      const { role } = story;
      story.iam.roles.delete(roleName);
      return () => story.iam.roles.set(roleName, role);
    },
    'had no tags when it was swept': (story) => {
      const { tags } = story.role;
      story.role.tags = {};
      return () => (story.role.tags = tags);
    },
  };
  test.each(Object.entries(stale))('and %s is read itself, and nothing is written', async (_, spoil) => {
    const story = await atRest();
    await story.clock.advance(resync);
    const mend = spoil(story);
    story.aws.failWhen('GetRole', () => {
      mend();
      return undefined;
    });
    await story.reconcile();
    expect(story.aws.reads).toEqual(expect.arrayContaining(['GetAccountAuthorizationDetails', ...ownLook]));
    expect([...story.aws.writes, ...story.kube.writes]).toEqual([]);
    expect(story.condition('Ready')).toMatchObject({ status: 'True' });
  });
});

describe('a role reads itself', () => {
  test('after a change of its own, until the next sweep', async () => {
    const story = await atRest();
    story.edit({ role: { management: 'Full', description: 'new' } });
    await story.reconcile();
    expect(story.aws.writes).toEqual(['UpdateRole']);
    story.forget();
    await story.reconcile();
    expect([story.aws.reads, story.aws.writes]).toEqual([ownLook, []]);
    await story.clock.advance(resync);
    story.forget();
    await story.reconcile();
    expect([story.aws.reads, story.aws.writes]).toEqual([oneSweep, []]);
  });

  test('when its spec is new, also if the sweep shows just that', async () => {
    const story = await atRest();
    story.edit({ suspend: false, deletionPolicy: 'Retain' });
    await story.reconcile();
    expect([story.aws.reads, story.aws.writes]).toEqual([ownLook, []]);
  });

  test('when it is asked to', async () => {
    const story = await atRest();
    story.role.managed.clear();
    story.askForLook();
    await story.reconcile();
    expect(story.aws.writes).toEqual(['AttachRolePolicy']);
  });

  test('for a plan', async () => {
    const story = await atRest();
    story.annotatePlan('true');
    await story.reconcile();
    expect(story.aws.reads).toEqual(ownLook);
  });

  test('before it is deleted', async () => {
    const story = await atRest();
    story.role.tags = {};
    await story.clock.advance(resync);
    story.delete();
    await story.reconcile();
    expect(story.aws.writes).toEqual([]);
    expect(story.iam.roles.size).toBe(1);
  });

  test('before it forgets an issuer whose statement the sweep does not show', async () => {
    const refsTo = (...names: string[]) => names.map((name) => ({ namespace: '', name }));
    const story = new Story({ issuerRefs: refsTo('west') });
    for (const name of ['abcl0', 'west']) story.kube.seed(oidcIssuers, issuer(name, { metadata: held }));
    await story.reconcile();
    const before = story.role.trustPolicy;
    story.edit({ issuerRefs: refsTo('west', 'abcl0') });
    await story.reconcile();
    const after = story.role.trustPolicy;
    expect(after).not.toBe(before);
    // Another process, whose sweep shows the role as it was before.
    story.accounts = story.aws.accounts();
    story.restart();
    story.role.trustPolicy = before;
    const account = await story.accounts.get({ roleARN: undefined, namespace: 'default' }, scope());
    expect(await account.sweptRole({ name: roleName, path: story.role.path }, resync)).toBeDefined();
    story.role.trustPolicy = after;
    story.forget();
    story.deleteIssuerForGood();
    await story.reconcile();
    expect(story.aws.writes).toContain('UpdateAssumeRolePolicy');
    expect(story.role.trustPolicy).not.toContain('abcl0');
  });
});

test('without the permission each role is read by itself, and all is well', async () => {
  const story = new Story();
  story.aws.failWhen('GetAccountAuthorizationDetails', () => new ServiceError('AccessDenied', 403));
  await story.reconcile();
  story.forget();
  await story.reconcile();
  expect(story.aws.reads).toEqual(['GetAccountAuthorizationDetails', 'GetAccountSummary', ...ownLook]);
  story.forget();
  await story.reconcile();
  expect(story.aws.reads).toEqual(ownLook);
  expect([...story.aws.writes, ...story.kube.writes]).toEqual([]);
  expect(story.condition('Ready')).toMatchObject({ status: 'True' });
  story.role.managed.clear();
  await story.reconcile();
  expect(story.aws.writes).toEqual(['AttachRolePolicy']);
});

describe.each([true, false])(
  'when the operator dies while it repairs what a sweep showed, and the call took effect: %s',
  (tookEffect) => {
    test('the next one repairs the rest and then writes nothing', async () => {
      const story = await atRest();
      await story.clock.advance(resync);
      story.role.managed.clear();
      story.role.description = 'mine';
      story.aws.failNext('UpdateRole', new Error('the operator dies here'), { tookEffect });
      await story.reconcile();
      story.accounts = story.aws.accounts();
      story.restart();
      await story.reconcile();
      expect(story.role).toMatchObject({ description: '', managed: new Set([readOnly]) });
      expect(story.condition('Ready')).toMatchObject({ status: 'True' });
      story.forget();
      await story.reconcile();
      expect([...story.aws.writes, ...story.kube.writes]).toEqual([]);
    });
  },
);
