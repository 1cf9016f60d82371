import { describe, expect, test } from '@jest/globals';
import { iamServiceAccounts } from '../../../src/api/resources.ts';
import { hours, minutes } from '../../../src/runtime/duration.ts';
import { ServiceError } from '../../fakes/aws/service.ts';
import { renamed, role } from './migrating.ts';
import { first, Moving, second, third } from './moving.ts';
import { accountID, alias, globalBucket, newPublicKey, owner, someoneElse } from './story.ts';

const underAlias = { hosting: { cloudFront: { alias } } };
const underDistribution = { hosting: { cloudFront: {} } };
const hostings: [string, object][] = [
  ['an alias', underAlias],
  ['the name of its distribution', underDistribution],
];

/** Neither the URL nor what it stands for changed, and nothing is left of another bucket. */
function expectOnly(story: Moving, name: string, before: { readonly url: string | undefined }): void {
  expect(story.condition('Ready')).toMatchObject({ status: 'True' });
  expect(story.outages).toEqual([]);
  expect(story.status.issuerURL).toBe(before.url);
  expect(story.trusted).toEqual([before.url?.slice('https://'.length)]);
  expect(story.status.sites).toHaveLength(1);
  expect(story.site).toMatchObject({ phase: 'Current', bucket: { name, owned: true } });
  expect(story.site).not.toHaveProperty('nextBucket');
  expect(story.site).not.toHaveProperty('formerBuckets');
  expect(story.origin).toBe(name);
  expect(story.buckets).toEqual([name]);
  expect(story.controls).toEqual([name]);
  expect(Object.keys(story.distribution.tags).filter((key) => key.includes('other-bucket'))).toEqual([]);
  expect(story.saidReasons).not.toContain('ProvidersWithdrawn');
}

describe.each(hostings)('an issuer under %s that gets another bucket', (_, spec) => {
  test('keeps its URL, serves its documents at every moment at every edge, and leaves nothing of the former bucket', async () => {
    const story = await Moving.from(spec);
    const url = story.status.issuerURL;
    story.moveTo(second);
    await story.end();
    expectOnly(story, second, { url });
  });

  test('writes nothing more once it has moved', async () => {
    const story = await Moving.from(spec);
    story.moveTo(second);
    await story.end();
    story.forget();
    await story.pass();
    expect(story.aws.writes).toEqual([]);
    expect(story.kube.writes).toEqual([]);
  });

  test.each([1, 2, 3, 4, 5, 6])('goes back after %i passes', async (passes) => {
    const story = await Moving.from(spec);
    const url = story.status.issuerURL;
    story.moveTo(second);
    for (let pass = 0; pass < passes; pass++) await story.pass();
    story.moveTo(first);
    await story.pass();
    expect(story.buckets).toContain(first);
    await story.end();
    expectOnly(story, first, { url });
  });

  test.each([1, 2, 3, 4, 5, 6])('goes on to a third one after %i passes', async (passes) => {
    const story = await Moving.from(spec);
    const url = story.status.issuerURL;
    story.moveTo(second);
    for (let pass = 0; pass < passes; pass++) await story.pass();
    story.moveTo(third);
    await story.end();
    expectOnly(story, third, { url });
  });

  test.each([1, 2, 3, 4, 5])('comes to the same end when the status is lost after %i passes', async (passes) => {
    const story = await Moving.from(spec);
    const url = story.status.issuerURL;
    story.moveTo(second);
    for (let pass = 0; pass < passes; pass++) await story.pass();
    story.loseStatus();
    story.restart();
    await story.end();
    expectOnly(story, second, { url });
  });

  test.each([1, 2, 3, 4, 5])(
    'leaves nothing when it is deleted after %i passes, also without its status',
    async (passes) => {
      for (const forgets of [false, true]) {
        const story = await Moving.from(spec);
        story.moveTo(second);
        for (let pass = 0; pass < passes; pass++) await story.pass();
        story.kube.remove(iamServiceAccounts, role);
        await story.reconcileRole();
        if (forgets) story.loseStatus();
        story.delete();
        await story.untilGone();
        expect(story.leftovers).toEqual([]);
      }
    },
  );

  test('moves only as far as CloudFront’s edges have followed', async () => {
    const story = await Moving.from(spec);
    await story.turnedTo(second);
    for (let pass = 0; pass < 4; pass++) {
      await story.pass();
      await story.clock.advance(minutes(5));
    }
    expect(story.buckets).toEqual([first, second]);
    expect(story.controls).toEqual([first, second]);
    expect(story.in(second).objects).toEqual(story.in(first).objects);
    expect(story.condition('DistributionReady')).toMatchObject({ status: 'False', reason: 'DistributionDeploying' });
    expect(story.distribution.tags).toMatchObject({ [`irsa.giantswarm.io/other-bucket/${first}`]: '' });
    story.forget();
    await story.pass();
    expect(story.aws.writes).toEqual([]);
    story.aws.deploy();
    await story.pass();
    await story.pass();
    expect(story.buckets).toEqual([second]);
  });

  test('begins the next bucket with every key of the former one, and with the times of the keys', async () => {
    const story = await Moving.from(spec);
    story.seedSecret('abcl0-sa', { 'tls.crt': newPublicKey() });
    await story.untilReady();
    const { body, metadata } = story.in(first).objects.get('keys.json')!;
    expect(JSON.parse(body)).toMatchObject({ keys: [{ kid: story.kid }, {}] });
    story.moveTo(second);
    await story.pass();
    expect(story.in(second).objects.get('keys.json')).toMatchObject({ body, metadata });
  });

  test('comes back to the wait and goes on by itself', async () => {
    const story = await Moving.from(spec);
    story.moveTo(second);
    await story.reconcile();
    for (let pass = 0; pass < 6; pass++) {
      await story.comeBack();
      story.aws.deploy();
    }
    expect(story.origin).toBe(second);
    expect(story.buckets).toEqual([second]);
    expect(story.outages).toEqual([]);
  });

  test('plans the move step by step', async () => {
    const story = await Moving.from(spec);
    story.moveTo(second);
    const steps = [...(await story.planned()), ...(await story.planned()), ...(await story.planned())];
    story.aws.deploy();
    steps.push(...(await story.planned()), ...(await story.planned()));
    expect(steps.filter((line) => /^[a-z]+ing /.test(line))).toEqual([
      `tagging distribution ${story.distribution.arn}`,
      `creating bucket ${second}`,
      `writing object keys.json of bucket ${second}`,
      `writing object .well-known/openid-configuration of bucket ${second}`,
      `writing the policy of bucket ${second}`,
      `creating origin access control ${second}`,
      `untagging distribution ${story.distribution.arn}`,
      expect.stringMatching(/^deleting origin access control EOAC\d+$/),
      `deleting object .well-known/openid-configuration of bucket ${first}`,
      `deleting object keys.json of bucket ${first}`,
      `deleting bucket ${first}`,
    ]);
  });
});

describe('while edges may read either bucket', () => {
  test('a new key is published in both, and a key that is dropped leaves both', async () => {
    const story = await Moving.from({ ...underAlias, keyRetention: '1h' });
    await story.turnedTo(second);
    story.seedSecret('abcl0-sa', { 'tls.crt': newPublicKey() });
    await story.pass();
    for (const name of [first, second]) {
      expect(JSON.parse(story.in(name).objects.get('keys.json')!.body)).toMatchObject({ keys: [{}, {}] });
    }
    expect(story.condition('Verified')).toMatchObject({ status: 'True' });
    await story.clock.advance(hours(2));
    await story.pass();
    for (const name of [first, second]) {
      expect(JSON.parse(story.in(name).objects.get('keys.json')!.body).keys).toHaveLength(1);
    }
    expect(story.condition('Verified')).toMatchObject({ status: 'True' });
    expect(story.saidReasons).not.toContain('ProvidersWithdrawn');
  });

  test('a key that is still served out of the former bucket is no stranger’s', async () => {
    const story = await Moving.from({ ...underAlias, keyRetention: '1h' });
    await story.turnedTo(second);
    story.seedSecret('abcl0-sa', { 'tls.crt': newPublicKey() });
    await story.pass();
    await story.clock.advance(hours(2));
    story.aws.failNext('PutObject', new ServiceError('AccessDenied', 403));
    await story.reconcile();
    expect(story.in(first).objects.get('keys.json')).not.toEqual(story.in(second).objects.get('keys.json'));
    expect(story.account.providers.size).toBe(1);
    expect(story.saidReasons).not.toContain('ProvidersWithdrawn');
  });

  test('a former bucket that somebody deletes is made again until no edge reads it', async () => {
    const story = await Moving.from(underAlias);
    await story.turnedTo(second);
    story.aws.buckets.delete(first);
    await story.pass();
    expect([...story.in(first).objects.keys()]).toHaveLength(2);
    story.outages.length = 0;
    await story.end();
    expect(story.buckets).toEqual([second]);
    expect(story.outages).toEqual([]);
  });

  test('a next bucket that somebody deletes is made again before the distribution reads it', async () => {
    const story = await Moving.from(underAlias);
    const url = story.status.issuerURL;
    story.moveTo(second);
    await story.pass();
    story.aws.buckets.delete(second);
    await story.end();
    expectOnly(story, second, { url });
  });

  test('a former bucket that is not ours any more is left alone', async () => {
    const story = await Moving.from(underAlias);
    await story.turnedTo(second);
    story.in(first).tags = someoneElse;
    await story.end();
    expect(story.in(first)).toMatchObject({ tags: someoneElse, objects: { size: 2 } });
    expect(story.site).not.toHaveProperty('formerBuckets');
    expect(story.said).toContainEqual(
      expect.objectContaining({ reason: 'LeftAlone', message: expect.stringContaining(`bucket ${first}`) }),
    );
    expect(story.condition('Ready')).toMatchObject({ status: 'True' });
    expect(story.outages).toEqual([]);
  });

  test('no other issuer gets a bucket that the documents leave', async () => {
    const story = await Moving.from({ ...underAlias, bucket: { name: globalBucket } });
    await story.turnedTo(second);
    const claims = story.names.under(`bucket/${globalBucket}`);
    expect(claims).toMatchObject([[{}, { held: expect.arrayContaining([`bucket/${globalBucket}`]) }]]);
    expect(claims[0]?.[1].registered).toEqual(expect.arrayContaining([`bucket/${globalBucket}`, `bucket/${second}`]));
    await story.end();
    expect(story.names.under(`bucket/${globalBucket}`)).toEqual([]);
  });
});

describe('a bucket that cannot be had', () => {
  const taken: [string, string, (story: Moving) => void][] = [
    [
      'is another account’s',
      'BucketNameTaken',
      (story) => story.aws.buckets.set(globalBucket, foreign('999999999999')),
    ],
    [
      'is somebody else’s in this account',
      'NotOwned',
      (story) => story.aws.buckets.set(globalBucket, foreign(accountID)),
    ],
  ];
  const foreign = (owner: string) => ({
    name: globalBucket,
    owner,
    region: 'eu-central-1',
    accountRegional: false,
    tags: someoneElse,
    policy: undefined,
    publicAccessBlock: undefined,
    ownership: undefined,
    encryption: 'AES256',
    objects: new Map(),
  });

  test.each(taken)('because it %s holds up nothing of what is there', async (_, reason, take) => {
    const story = await Moving.from(underAlias);
    const url = story.status.issuerURL;
    take(story);
    const theirs = structuredClone(story.aws.buckets.get(globalBucket));
    story.moveTo(globalBucket);
    await story.end();
    expect(story.condition('BucketReady')).toMatchObject({
      status: 'False',
      reason,
      message: expect.stringMatching(new RegExp(`^bucket ${globalBucket}: `)),
    });
    expect(story.origin).toBe(first);
    expect(story.account.providers.size).toBe(1);
    expect(story.saidReasons).not.toContain('ProvidersWithdrawn');
    story.seedSecret('abcl0-sa', { 'tls.crt': `${story.pem}${newPublicKey()}` });
    story.zone.records = [];
    await story.pass();
    expect(JSON.parse(story.in(first).objects.get('keys.json')!.body)).toMatchObject({ keys: [{}, {}] });
    expect(story.records.length).toBeGreaterThan(0);
    story.outages.length = 0;
    story.moveTo(first);
    await story.end();
    expect(story.aws.buckets.get(globalBucket)).toEqual(theirs);
    story.aws.buckets.delete(globalBucket);
    expectOnly(story, first, { url });
  });
});

describe('a former bucket', () => {
  test('with a global name is emptied and kept, still ours', async () => {
    const story = await Moving.from({ ...underAlias, bucket: { name: globalBucket } });
    story.moveTo(second);
    await story.end();
    expect(story.buckets).toEqual([globalBucket, second]);
    expect(story.in(globalBucket)).toMatchObject({ tags: owner, objects: { size: 0 } });
    expect(story.in(globalBucket).policy).not.toContain(story.distribution.arn);
    expect(story.controls).toEqual([second]);
    expect(story.saidReasons).toContain('BucketKept');
    expect(story.outages).toEqual([]);
    story.moveTo(globalBucket);
    await story.end();
    expect(story.buckets).toEqual([globalBucket]);
    expect(story.outages).toEqual([]);
  });

  test('with a global name is deleted if the spec says so', async () => {
    const story = await Moving.from({ ...underAlias, bucket: { name: globalBucket, globalName: 'Delete' } });
    const url = story.status.issuerURL;
    story.moveTo(second);
    await story.end();
    expectOnly(story, second, { url });
  });

  test('is kept as it is if the policy is Retain', async () => {
    const story = await Moving.from({ ...underAlias, deletionPolicy: 'Retain' });
    story.moveTo(second);
    await story.end();
    expect(story.buckets).toEqual([first, second]);
    expect(story.in(first).objects.size).toBe(2);
    expect(story.site).not.toHaveProperty('formerBuckets');
    expect(story.said.filter(({ reason }) => reason === 'BucketKept')).toHaveLength(1);
    expect(story.outages).toEqual([]);
  });

  test('stays for another site that has its documents there', async () => {
    const story = await Moving.from(underAlias);
    story.askFor(renamed);
    await story.end();
    story.outages.length = 0;
    story.moveTo(second);
    await story.end();
    expect(story.outages).toEqual([]);
    expect(story.phases).toEqual([`${renamed} Current`, `${alias} Serving`]);
    expect(story.buckets).toEqual([first, second]);
    expect(story.controls).toEqual([first, second]);
    expect([...story.in(first).objects.keys()].toSorted()).toEqual(['.well-known/openid-configuration', 'keys.json']);
    const [former] = [...story.account.distributions.values()];
    expect(JSON.parse(story.in(first).policy ?? '{}').Statement[0]).toMatchObject({
      Condition: { StringEquals: { 'AWS:SourceArn': [former?.arn] } },
    });
    expect(await story.accepts(`https://${alias}`)).toBe(true);
    expect(await story.accepts(`https://${renamed}`)).toBe(true);
  });

  test('goes with its site if the alias changes in the middle', async () => {
    const story = await Moving.from(underAlias);
    await story.turnedTo(second);
    story.askFor(renamed);
    await story.end();
    expect(story.buckets).toEqual([second]);
    expect(story.status.sites?.map(({ bucket }) => bucket?.name)).toEqual([second, second]);
    expect(await story.accepts(`https://${alias}`)).toBe(true);
  });
});

test('a bucket is asked for before anything stands on AWS, and nothing is left of the one before', async () => {
  for (const passes of [1, 2]) {
    const story = new Moving(underAlias);
    for (let pass = 0; pass < passes; pass++) await story.reconcile();
    story.moveTo(second);
    await story.end();
    expect(story.buckets).toEqual([second]);
    expect(story.condition('Ready')).toMatchObject({ status: 'True' });
  }
});

test('an issuer that moves on and on says which buckets are not removed yet', async () => {
  const story = await Moving.from(underAlias);
  for (const number of [1, 2, 3, 4]) await story.turnedTo(`number-${number}-${accountID}-eu-central-1-an`);
  story.moveTo(second);
  await story.reconcile();
  expect(story.condition('Accepted')).toMatchObject({
    status: 'False',
    reason: 'SitesRemaining',
    message: expect.stringContaining(`number-3-${accountID}`),
  });
  story.moveTo(`number-4-${accountID}-eu-central-1-an`);
  await story.end();
  expect(story.buckets).toEqual([`number-4-${accountID}-eu-central-1-an`]);
  expect(story.outages).toEqual([]);
});
