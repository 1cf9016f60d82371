import { expect, test } from '@jest/globals';
import { hours } from '../../../src/runtime/duration.ts';
import type { FakeRecord } from '../../fakes/aws/route53.ts';
import { ServiceError } from '../../fakes/aws/service.ts';
import { only, Story } from './story.ts';

const tag = 'irsa.giantswarm.io/validation-record';

const validation = (story: Story): FakeRecord[] => story.zone.records.filter(({ name }) => name.startsWith('_'));
const certificate = (story: Story) => only([...story.account.certificates.values()]);
const leftAlone = (story: Story) =>
  story.said.filter(({ reason }) => reason === 'LeftAlone').map(({ message }) => message);

async function removed(story: Story): Promise<void> {
  story.delete();
  await story.untilGone();
}

/** With the certificate that another one replaced after an hour. */
async function replaced(): Promise<Story> {
  const story = new Story();
  await story.reconcile();
  Object.assign(certificate(story), { status: 'FAILED', failure: 'CAA_ERROR' });
  await story.reconcile();
  await story.clock.advance(hours(1));
  await story.untilReady();
  return story;
}

// ACM's console makes records with a TTL of 300.
test.each([60, 300])('a person’s record with a TTL of %d stays, although ours was tried before', async (ttl) => {
  const example = new Story();
  await example.until(() => validation(example).length > 0);
  const theirs = { ...only(validation(example)), ttl };

  const story = new Story();
  await story.reconcile();
  for (let pass = 0; pass < 2; pass++) {
    story.aws.failNext('ChangeResourceRecordSets', new ServiceError('AccessDenied', 403));
    await story.reconcile();
  }
  expect(certificate(story).tags).toMatchObject({ [tag]: theirs.name });
  story.zone.records.push(theirs);
  await story.untilReady();
  await removed(story);
  expect(story.zone.records).toEqual([theirs]);
  expect(leftAlone(story)).toEqual([expect.stringContaining('was made or changed by somebody else')]);
});

test('the record goes after the certificate was replaced, because the new one says too that we made it', async () => {
  const story = await replaced();
  await removed(story);
  expect(story.leftovers).toEqual([]);
  expect(leftAlone(story)).toEqual([]);
});

test('the record goes after a certificate of ours that says nothing of it took the place of one that failed', async () => {
  const story = new Story();
  await story.reconcile();
  const failed = certificate(story);
  const { [tag]: _, ...tags } = failed.tags;
  const arn = `${failed.arn}-2`;
  story.account.certificates.set(arn, { ...failed, arn, tags, token: undefined });
  Object.assign(failed, { status: 'FAILED', failure: 'CAA_ERROR' });
  await story.untilReady();
  expect(certificate(story).arn).toBe(arn);
  await removed(story);
  expect(story.leftovers).toEqual([]);
});
