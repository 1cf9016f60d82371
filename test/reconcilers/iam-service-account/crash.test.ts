import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { KubeError } from '../../../src/runtime/kube-error.ts';
import { Fulfilment } from '../plans.ts';
import { Story, document, readOnly, roleARN } from './story.ts';

const dies = () => new Error('the operator dies here');
const writes = ['CreateRole', 'AttachRolePolicy', 'PutRolePolicy'] as const;

async function expectAllThere(story: Story): Promise<void> {
  expect([...story.iam.roles.values()].map(({ arn }) => arn)).toEqual([roleARN]);
  expect([...story.role.managed]).toEqual([readOnly]);
  expect([...story.role.inline]).toEqual([['echo', document]]);
  expect(story.trusted).toEqual(['system:serviceaccount:default:s3-reader']);
  expect(story.annotations()).toEqual({ 'eks.amazonaws.com/role-arn': roleARN });
  expect(story.condition('Ready')).toMatchObject({ status: 'True' });
  story.forget();
  await story.reconcile();
  expect([...story.aws.writes, ...story.kube.writes, ...story.workload.writes]).toEqual([]);
}

/** What is planned is what a pass then does. */
async function expectPlanned(story: Story): Promise<void> {
  story.annotatePlan('true');
  story.forget();
  await story.reconcile();
  expect([...story.aws.writes, ...story.workload.writes]).toEqual([]);
  const fulfilment = new Fulfilment(story.logger, story.status.plan ?? []);
  story.annotatePlan(null);
  await story.reconcile();
  expect(fulfilment.problem).toBeUndefined();
}

describe.each([true, false])('when the operator dies and the call took effect: %s', (tookEffect) => {
  test.each(writes)('at %s, there is one of each in the end', async (operation) => {
    const story = new Story();
    story.aws.failNext(operation, dies(), { tookEffect });
    await story.reconcile();
    await story.reconcile();
    await expectAllThere(story);
  });

  test('at a change of the trust policy, it is made', async () => {
    const story = new Story();
    await story.reconcile();
    story.role.trustPolicy = '{"Version":"2012-10-17","Statement":[]}';
    story.aws.failNext('UpdateAssumeRolePolicy', dies(), { tookEffect });
    await story.reconcile();
    await story.reconcile();
    await expectAllThere(story);
  });

  test.each(['patch', 'patchStatus'] as const)('at a %s of its own object, nothing is lost', async (verb) => {
    const story = new Story();
    story.kube.failNext(verb, new KubeError('reset', undefined, undefined), { tookEffect });
    await story.reconcile().catch(() => undefined);
    await story.reconcile();
    await expectAllThere(story);
  });
});

test('from any part of the work that is done, it plans what it does, comes to the same end and then writes nothing', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        managed: fc.subarray([readOnly, 'arn:aws:iam::aws:policy/AdministratorAccess']),
        inline: fc.subarray([
          ['echo', document],
          ['echo', '{}'],
          ['theirs', '{}'],
        ] as [string, string][]),
        description: fc.constantFrom(undefined, '', 'theirs'),
        trustPolicy: fc.constantFrom(undefined, '{"Version":"2012-10-17","Statement":[]}'),
        gone: fc.boolean(),
        statusLost: fc.boolean(),
        annotated: fc.boolean(),
      }),
      async ({ managed, inline, description, trustPolicy, gone, statusLost, annotated }) => {
        const story = new Story();
        await story.reconcile();
        await story.clock.advance(600_000);
        story.role.managed.clear();
        for (const arn of managed) story.role.managed.add(arn);
        story.role.inline.clear();
        for (const [name, text] of inline) story.role.inline.set(name, text);
        story.role.description = description;
        story.role.trustPolicy = trustPolicy ?? story.role.trustPolicy;
        if (gone) story.iam.roles.clear();
        if (!annotated) story.takeAnnotations();
        if (statusLost) story.loseStatus();
        await expectPlanned(story);
        await expectAllThere(story);
      },
    ),
    { numRuns: 60 },
  );
  // Sixty stories of several passes each take more than jest's five seconds on a machine that is busy.
}, 60_000);
