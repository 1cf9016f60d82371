import { describe, expect, test } from '@jest/globals';
import { accountID, only, Story } from './story.ts';

const sts = 'sts.amazonaws.com';

interface Partition {
  readonly name: string;
  readonly region: string;
  readonly s3: string;
  readonly audiences: readonly string[];
}

/** As in docs/partitions.md. */
const partitions: readonly Partition[] = [
  {
    name: 'aws-cn',
    region: 'cn-north-1',
    s3: 's3.cn-north-1.amazonaws.com.cn',
    audiences: [sts, 'sts.amazonaws.com.cn'],
  },
  { name: 'aws-us-gov', region: 'us-gov-west-1', s3: 's3.us-gov-west-1.amazonaws.com', audiences: [sts] },
  { name: 'aws-iso', region: 'us-iso-east-1', s3: 's3.us-iso-east-1.c2s.ic.gov', audiences: [sts] },
  { name: 'aws-iso-b', region: 'us-isob-east-1', s3: 's3.us-isob-east-1.sc2s.sgov.gov', audiences: [sts] },
  { name: 'aws-iso-e', region: 'eu-isoe-west-1', s3: 's3.eu-isoe-west-1.cloud.adc-e.uk', audiences: [sts] },
  { name: 'aws-iso-f', region: 'us-isof-south-1', s3: 's3.us-isof-south-1.csp.hci.ic.gov', audiences: [sts] },
  { name: 'aws-eusc', region: 'eusc-de-east-1', s3: 's3.eusc-de-east-1.amazonaws.eu', audiences: [sts] },
];

/** An operator that runs in the region, and an issuer there. */
function storyIn(region: string, hosting: object = { s3: {} }): Story {
  const story = new Story({ region, hosting });
  story.aws.region = region;
  story.restart();
  return story;
}

describe.each(partitions)('in partition $name', ({ name, region, s3, audiences }) => {
  test('an issuer is a public bucket, and all its names are those of the partition', async () => {
    const story = storyIn(region);
    await story.untilReady();
    const { name: bucket, region: itsRegion, policy, objects } = story.bucket;
    const url = `https://${s3}/${bucket}`;
    expect(itsRegion).toBe(region);
    expect(story.status).toMatchObject({ issuerURL: url, jwksURI: `${url}/keys.json` });
    expect(JSON.parse(objects.get('.well-known/openid-configuration')?.body ?? '')).toMatchObject({
      issuer: url,
      jwks_uri: `${url}/keys.json`,
    });
    const arn = `arn:${name}:iam::${accountID}:oidc-provider/${s3}/${bucket}`;
    expect(story.status.providers).toEqual([
      expect.objectContaining({ url, arn, accountID, audiences: [...audiences], owned: true }),
    ]);
    expect(only([...story.account.providers.values()])).toMatchObject({ url, arn, audiences: new Set(audiences) });
    const resources = [...(policy ?? '').matchAll(/"(arn:[^"]*)"/g)].map(([, each]) => each);
    expect(resources).toContain(`arn:${name}:s3:::${bucket}/keys.json`);
    expect(resources.filter((each) => !each?.startsWith(`arn:${name}:s3:::${bucket}`))).toEqual([]);
  });

  test('an issuer leaves nothing behind', async () => {
    const story = storyIn(region);
    await story.untilReady();
    story.delete();
    await story.untilGone();
    expect(story.leftovers).toEqual([]);
  });

  test('there is no distribution', async () => {
    const story = storyIn(region, { cloudFront: { alias: 'irsa.abcl0.example.com' } });
    await story.reconcile();
    expect(story.condition('Accepted')).toMatchObject({ status: 'False', reason: 'InvalidSpec' });
    expect(story.condition('Accepted')?.message).toContain('spec.hosting.cloudFront');
    expect(story.aws.writes).toEqual([]);
  });

  test('an operator of partition aws changes nothing', async () => {
    const story = new Story({ region, hosting: { s3: {} } });
    await story.reconcile();
    expect(story.condition('Accepted')).toMatchObject({ status: 'False', reason: 'InvalidSpec' });
    expect(story.condition('Accepted')?.message).toContain(`partition ${name}`);
    expect(story.aws.writes).toEqual([]);
  });
});
