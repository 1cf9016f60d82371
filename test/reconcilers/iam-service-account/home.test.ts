import { describe, expect, test } from '@jest/globals';
import { iamServiceAccounts } from '../../../src/api/resources.ts';
import { ref, roleARN, Story } from './story.ts';

const here = 'home-of-test';
const there = 'home-of-the-other-cluster';
const homeTag = 'irsa.giantswarm.io/home';

/** A cluster in which the object of a ready one was restored, that reaches the same workload cluster. */
async function restored({ withStatus }: { readonly withStatus: boolean }): Promise<Story> {
  const story = new Story();
  await story.reconcile();
  expect(story.condition('Ready')).toMatchObject({ status: 'True' });
  const { status } = story.object;
  story.kube.edit(iamServiceAccounts, ref, { metadata: { finalizers: null } });
  story.kube.remove(iamServiceAccounts, ref);
  story.apply();
  if (withStatus) await story.kube.patch(iamServiceAccounts, ref, { status: { ...status } }, { subresource: 'status' });
  story.settings.home = there;
  story.forget();
  return story;
}

describe.each([{ withStatus: false }, { withStatus: true }])('a copy in another cluster, restored %j,', (how) => {
  test('is refused, and changes neither the role nor the service account', async () => {
    const story = await restored(how);
    const before = structuredClone([story.role, story.annotations()]);
    await story.reconcile();
    await story.reconcile();
    const condition = story.condition('RoleReady');
    expect(condition).toMatchObject({ status: 'False', reason: 'OwnedByAnotherCluster' });
    expect(condition?.message).toContain(`irsa.giantswarm.io/take-over=${here}`);
    expect([story.role, story.annotations()]).toEqual(before);
    expect(story.workload.writes).toEqual([]);
  });

  test('touches neither the role nor the service account when it is deleted', async () => {
    const story = await restored(how);
    await story.reconcile();
    const before = structuredClone([story.role, story.annotations()]);
    story.delete();
    await story.reconcile();
    expect(story.isGone).toBe(true);
    expect([story.role, story.annotations()]).toEqual(before);
    expect(story.annotations()).toMatchObject({ 'eks.amazonaws.com/role-arn': roleARN });
    expect(story.workload.writes).toEqual([]);
    expect(story.said.map(({ reason }) => reason)).toContain('LeftAlone');
  });

  test.each([
    ['the configuration', (story: Story) => void (story.settings.takeOver = [here])],
    [
      'its annotation',
      (story: Story) =>
        story.kube.edit(iamServiceAccounts, ref, {
          metadata: { annotations: { 'irsa.giantswarm.io/take-over': here } },
        }),
    ],
  ])('takes over the role as %s says, without a change but the tag', async (_, declare) => {
    const story = await restored(how);
    const before = structuredClone(story.role);
    declare(story);
    await story.reconcile();
    expect(story.condition('Ready')).toMatchObject({ status: 'True' });
    expect(story.aws.writes.filter((write) => write !== 'CreateRole')).toEqual(['TagRole']);
    expect(story.role).toEqual({ ...before, tags: { ...before.tags, [homeTag]: there } });
    expect(story.workload.writes).toEqual([]);
  });
});

test('the old home is refused once another has taken the role over, and deletes nothing', async () => {
  const story = new Story();
  await story.reconcile();
  story.role.tags[homeTag] = there;
  story.forget();
  await story.reconcile();
  expect(story.condition('RoleReady')).toMatchObject({ status: 'False', reason: 'OwnedByAnotherCluster' });
  story.delete();
  await story.reconcile();
  expect(story.isGone).toBe(true);
  expect(story.role.tags).toMatchObject({ [homeTag]: there });
  expect(story.annotations()).toMatchObject({ 'eks.amazonaws.com/role-arn': roleARN });
  expect(story.aws.writes).toEqual([]);
});
