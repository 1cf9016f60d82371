import {
  CreateDistributionWithTagsCommand,
  DeleteDistributionCommand,
  TagResourceCommand,
  UpdateDistributionCommand,
} from '@aws-sdk/client-cloudfront';
import type { Cases } from './case.ts';
import { distributionConfig, makeDistribution, updateDistribution } from './samples.ts';

const tags = (count: number) => Array.from({ length: count }, (_, index) => ({ Key: `k${index}`, Value: '' }));

export const distributionCases: Cases = {
  'distribution-version': {
    error: 'PreconditionFailed',
    status: 412,
    async allowed({ aws }) {
      const { id } = await makeDistribution(aws);
      await updateDistribution(aws, id, { Comment: 'one' });
      await updateDistribution(aws, id, { Comment: 'two' });
    },
    async refused({ aws }) {
      const { id, etag } = await makeDistribution(aws);
      await updateDistribution(aws, id, { Enabled: false });
      await aws.cloudFront.send(new DeleteDistributionCommand({ Id: id, IfMatch: etag }));
    },
  },
  'distribution-disabled-before-delete': {
    error: 'DistributionNotDisabled',
    status: 409,
    async allowed({ aws, front }) {
      front.state.timing.deployMillis = 0;
      const { id, etag } = await makeDistribution(aws, { Enabled: false });
      await aws.cloudFront.send(new DeleteDistributionCommand({ Id: id, IfMatch: etag }));
    },
    async refused({ aws, front }) {
      front.state.timing.deployMillis = 0;
      const { id, etag } = await makeDistribution(aws);
      await aws.cloudFront.send(new DeleteDistributionCommand({ Id: id, IfMatch: etag }));
    },
    alsoRefused: {
      'one that is disabled, but not everywhere yet': async ({ aws, front }) => {
        front.state.timing.deployMillis = 3_600_000;
        const { id, etag } = await makeDistribution(aws, { Enabled: false });
        await aws.cloudFront.send(new DeleteDistributionCommand({ Id: id, IfMatch: etag }));
      },
    },
  },
  'distribution-caller-reference': {
    error: 'DistributionAlreadyExists',
    status: 409,
    async allowed({ aws, other }) {
      await makeDistribution(aws, { CallerReference: 'one' });
      await makeDistribution(aws, { CallerReference: 'two' });
      await makeDistribution(await other(), { CallerReference: 'one' });
    },
    async refused({ aws }) {
      await makeDistribution(aws, { CallerReference: 'one' });
      await makeDistribution(aws, { CallerReference: 'one', Comment: 'another' });
    },
  },
  'distribution-update-is-whole': {
    error: 'IllegalUpdate',
    status: 400,
    allowed: async ({ aws }) =>
      updateDistribution(aws, (await makeDistribution(aws)).id, { PriceClass: 'PriceClass_100' }),
    async refused({ aws }) {
      const { id, etag } = await makeDistribution(aws);
      const DistributionConfig = distributionConfig({ Comment: 'only what a create needs' });
      await aws.cloudFront.send(new UpdateDistributionCommand({ Id: id, IfMatch: etag, DistributionConfig }));
    },
  },
  'distribution-caller-reference-stays': {
    error: 'IllegalUpdate',
    status: 400,
    allowed: async ({ aws }) => updateDistribution(aws, (await makeDistribution(aws)).id, {}),
    refused: async ({ aws }) =>
      updateDistribution(aws, (await makeDistribution(aws)).id, { CallerReference: 'second' }),
  },
  'distribution-tags': {
    error: 'InvalidTagging',
    status: 400,
    allowed: ({ aws }) =>
      aws.cloudFront.send(
        new CreateDistributionWithTagsCommand({
          DistributionConfigWithTags: { DistributionConfig: distributionConfig(), Tags: { Items: tags(50) } },
        }),
      ),
    async refused({ aws }) {
      const { arn } = await makeDistribution(aws);
      await aws.cloudFront.send(new TagResourceCommand({ Resource: arn, Tags: { Items: tags(50) } }));
      const Items = [{ Key: 'one more', Value: '' }];
      await aws.cloudFront.send(new TagResourceCommand({ Resource: arn, Tags: { Items } }));
    },
    alsoRefused: {
      'a key that begins with aws:': async ({ aws }) => {
        const Items = [{ Key: 'AWS:key', Value: '' }];
        const { arn } = await makeDistribution(aws);
        await aws.cloudFront.send(new TagResourceCommand({ Resource: arn, Tags: { Items } }));
      },
    },
  },
};
