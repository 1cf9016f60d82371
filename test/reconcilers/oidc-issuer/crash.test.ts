import { describe, expect, test } from '@jest/globals';
import { alias, bucketName, Story } from './story.ts';

const spec = { hosting: { cloudFront: { alias, distributionProvider: 'Keep' as const } } };
const lost = () => new Error('the operator was killed before it heard the answer');

/** All writes of a straight run, each once. */
const writes = [
  'CreateBucket',
  'RequestCertificate',
  'AddTagsToCertificate',
  'ChangeResourceRecordSets',
  'PutObject',
  'CreateOriginAccessControl',
  'CreateFunction',
  'PublishFunction',
  'CreateDistributionWithTags',
  'PutBucketPolicy',
  'CreateOpenIDConnectProvider',
];

function counts({ account, zone }: Story) {
  return {
    buckets: [...account.buckets.keys()],
    distributions: account.distributions.size,
    originAccessControls: account.originAccessControls.size,
    functions: account.functions.size,
    certificates: account.certificates.size,
    providers: account.providers.size,
    records: zone.records.length,
  };
}
const oneOfEach = {
  buckets: [bucketName],
  distributions: 1,
  originAccessControls: 1,
  functions: 1,
  certificates: 1,
  providers: 2,
  records: 3,
};

test('this file knows every write', async () => {
  const story = new Story(spec);
  await story.untilReady();
  expect(new Set(story.aws.writes)).toEqual(new Set(writes));
});

describe.each(writes)('killed when %s has taken effect', (operation) => {
  test('has one of each in the end', async () => {
    const story = new Story(spec);
    story.aws.failNext(operation, lost(), { tookEffect: true });
    await story.untilReady();
    expect(counts(story)).toEqual(oneOfEach);
  });

  test('has one of each in the end, also where nothing of that pass came into the status', async () => {
    const story = new Story(spec);
    story.aws.failNext(operation, lost(), { tookEffect: true });
    await story.until(() => story.aws.calls.some((call) => call.operation === operation));
    story.loseStatus();
    story.restart();
    await story.untilReady();
    expect(counts(story)).toEqual(oneOfEach);
    story.forget();
    await story.reconcile();
    expect(story.aws.writes).toEqual([]);
  });

  test('is removed without a trace from there, with and without its status', async () => {
    for (const forgets of [false, true]) {
      const story = new Story(spec);
      story.aws.failNext(operation, lost(), { tookEffect: true });
      await story.until(() => story.aws.calls.some((call) => call.operation === operation));
      if (forgets) story.loseStatus();
      story.restart();
      story.delete();
      await story.untilGone();
      expect(story.leftovers).toEqual([]);
    }
  });
});

test.each([
  'DeleteOpenIDConnectProvider',
  'ChangeResourceRecordSets',
  'UpdateDistribution',
  'DeleteDistribution',
  'DeleteFunction',
  'DeleteOriginAccessControl',
  'DeleteCertificate',
  'DeleteObject',
  'DeleteBucket',
])('a removal that is killed when %s has taken effect goes on to the end', async (operation) => {
  const story = new Story(spec);
  await story.untilReady();
  story.aws.failNext(operation, lost(), { tookEffect: true });
  story.delete();
  await story.untilGone();
  expect(story.leftovers).toEqual([]);
});
