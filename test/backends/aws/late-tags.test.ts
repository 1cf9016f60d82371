import { describe, expect, test } from '@jest/globals';
import { CreateDistributionWithTagsCommand, ListTagsForResourceCommand } from '@aws-sdk/client-cloudfront';
import {
  CreateOpenIDConnectProviderCommand,
  DeleteRoleCommand,
  GetOpenIDConnectProviderCommand,
  GetRoleCommand,
  ListOpenIDConnectProviderTagsCommand,
  ListRoleTagsCommand,
} from '@aws-sdk/client-iam';
import { CreateBucketCommand, GetBucketTaggingCommand } from '@aws-sdk/client-s3';
import type { Clients } from './clients.ts';
import { makeRole } from './rules/iam-samples.ts';
import { distributionConfig } from './rules/samples.ts';
import { withFront } from './with-front.ts';

const world = withFront();
const Tags = [{ Key: 'owner', Value: 'me' }];
const Bucket = 'the-bucket';
const RoleName = 'reader';

interface Tagged {
  readonly make: (aws: Clients) => Promise<{ readonly ARN?: string | undefined } | undefined>;
  /** The tags, by each call that tells them. */
  readonly reads: readonly ((aws: Clients, arn: string) => Promise<unknown>)[];
}

/** Empty where there are none. */
async function bucketTags(aws: Clients): Promise<unknown> {
  try {
    return (await aws.at('eu-central-1').s3.send(new GetBucketTaggingCommand({ Bucket }))).TagSet;
  } catch (error) {
    expect(error).toMatchObject({ name: 'NoSuchTagSet', $metadata: { httpStatusCode: 404 } });
    return [];
  }
}

const kinds: Readonly<Record<string, Tagged>> = {
  bucket: {
    async make(aws) {
      const CreateBucketConfiguration = { LocationConstraint: 'eu-central-1' as const, Tags };
      await aws.at('eu-central-1').s3.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration }));
      return { ARN: `arn:aws:s3:::${Bucket}` };
    },
    reads: [bucketTags],
  },
  distribution: {
    async make({ cloudFront }) {
      const DistributionConfigWithTags = { DistributionConfig: distributionConfig(), Tags: { Items: Tags } };
      const command = new CreateDistributionWithTagsCommand({ DistributionConfigWithTags });
      return (await cloudFront.send(command)).Distribution;
    },
    reads: [
      async ({ cloudFront }, Resource) =>
        (await cloudFront.send(new ListTagsForResourceCommand({ Resource }))).Tags?.Items ?? [],
    ],
  },
  'OIDC provider': {
    async make({ iam }) {
      const Url = 'https://irsa.example.com';
      const made = await iam.send(new CreateOpenIDConnectProviderCommand({ Url, ClientIDList: ['sts'], Tags }));
      return { ARN: made.OpenIDConnectProviderArn };
    },
    reads: [
      async ({ iam }, OpenIDConnectProviderArn) =>
        (await iam.send(new GetOpenIDConnectProviderCommand({ OpenIDConnectProviderArn }))).Tags ?? [],
      async ({ iam }, OpenIDConnectProviderArn) =>
        (await iam.send(new ListOpenIDConnectProviderTagsCommand({ OpenIDConnectProviderArn }))).Tags ?? [],
    ],
  },
  role: {
    make: async (aws) => ({ ARN: (await makeRole(aws, { Tags })).Role?.Arn }),
    reads: [
      async ({ iam }) => (await iam.send(new GetRoleCommand({ RoleName }))).Role?.Tags ?? [],
      async ({ iam }) => (await iam.send(new ListRoleTagsCommand({ RoleName }))).Tags ?? [],
    ],
  },
};

const each = Object.entries(kinds).flatMap(([kind, { make, reads }]) =>
  reads.map((read, call) => ({ kind, call, make, read })),
);

describe.each(each)('a new $kind, looked at by call $call of those that tell its tags,', ({ make, read }) => {
  test('shows the tags that it was made with after as many reads as a test asks for', async () => {
    world.front.state.timing.readsWithoutTags = 2;
    const { ARN = '' } = (await make(world.aws)) ?? {};
    expect(world.front.state.lateTags.reads).toEqual(new Map([[ARN, 2]]));
    expect([await read(world.aws, ARN), await read(world.aws, ARN)]).toEqual([[], []]);
    expect(world.front.state.lateTags.reads).toEqual(new Map([[ARN, 0]]));
    expect(await read(world.aws, ARN)).toEqual(Tags);
  });

  test('shows them at once where no test asks for more', async () => {
    const { ARN = '' } = (await make(world.aws)) ?? {};
    expect(await read(world.aws, ARN)).toEqual(Tags);
  });
});

test('what is made anew after it was deleted shows its tags late again', async () => {
  const { iam } = world.aws;
  const shown = async () => (await iam.send(new GetRoleCommand({ RoleName }))).Role?.Tags ?? [];
  world.front.state.timing.readsWithoutTags = 1;
  await makeRole(world.aws, { Tags });
  await shown();
  await iam.send(new DeleteRoleCommand({ RoleName }));
  await expect(shown()).rejects.toMatchObject({ name: 'NoSuchEntityException' });
  await makeRole(world.aws, { Tags });
  expect([await shown(), await shown()]).toEqual([[], Tags]);
});
