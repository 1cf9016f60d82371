import { expect, test } from '@jest/globals';
import { hours } from '../../../src/runtime/duration.ts';
import { settled, survivals, type Work } from './killing.ts';
import { Migration } from './migrating.ts';
import { accountID, alias, bucketName } from './story.ts';

const before = { name: `${accountID}-g8s-abcl0-oidc-pod-identity` };
const after = { name: `${accountID}-g8s-abcl0-oidc-pod-identity-v2` };
const inS3 = { hosting: { s3: {} } };
const withoutAlias = { hosting: { cloudFront: {} } };

const provider = (url: string) => `provider arn:aws:iam::${accountID}:oidc-provider/${url}`;
const published = ['distribution', 'origin access control'];
const ofS3 = (bucket: string) => provider(`s3.eu-central-1.amazonaws.com/${bucket}`);
const ofDistribution = [...published, provider('DISTRIBUTION')];
const ofAlias = [
  'distribution',
  `certificate ${alias}`,
  provider(alias),
  `record A ${alias}`,
  `record AAAA ${alias}`,
  'validation record',
];

/** Distributions, their names and validation records are called differently from run to run. */
const standing = (story: Migration) =>
  story.leftovers
    .map((what) =>
      what
        .replace(/^(distribution|origin access control) .*/, '$1')
        .replace(/oidc-provider\/d\w+\.cloudfront\.net/, 'oidc-provider/DISTRIBUTION')
        .replace(/^record CNAME _.*/, 'validation record'),
    )
    .toSorted();

/** The issuer has moved from that spec to one with an alias, and tokens of the former URL have expired. */
async function drained(spec: object): Promise<Migration> {
  const story = await Migration.at(spec);
  story.edit({ hosting: { s3: null, cloudFront: { alias } }, bucket: after });
  await story.settle();
  story.say(`https://${alias}`);
  await story.settle();
  await story.clock.advance(hours(26));
  return story;
}

async function ready(spec: object): Promise<Migration> {
  const story = new Migration(spec);
  await story.untilReady();
  story.delete();
  return story;
}

const works: Readonly<Record<string, Work>> = {
  'publishes in S3': {
    begin: async () => new Migration(inS3),
    act: (story) => story.untilReady(),
    end: [`bucket ${bucketName}`, ofS3(bucketName)],
  },
  'publishes without alias': {
    begin: async () => new Migration(withoutAlias),
    act: (story) => story.untilReady(),
    end: [`bucket ${bucketName}`, ...ofDistribution],
  },
  'goes from S3 to a distribution': {
    begin: async () => {
      const story = await Migration.at({ ...inS3, bucket: before });
      story.edit({ hosting: { s3: null, cloudFront: {} }, bucket: after });
      return story;
    },
    act: (story) => story.settle(),
    end: [`bucket ${before.name}`, ofS3(before.name), `bucket ${after.name}`, ...ofDistribution],
  },
  'goes from a distribution to an alias': {
    begin: async () => {
      const story = await Migration.at({ ...withoutAlias, bucket: after });
      story.edit({ hosting: { cloudFront: { alias } } });
      return story;
    },
    act: (story) => story.settle(),
    end: [`bucket ${after.name}`, ...ofDistribution, ...ofAlias],
  },
  'retires S3': {
    begin: () => drained({ ...inS3, bucket: before }),
    act: settled,
    end: [`bucket ${before.name}`, `bucket ${after.name}`, 'origin access control', ...ofAlias],
  },
  'retires a distribution': {
    begin: () => drained({ ...withoutAlias, bucket: after }),
    act: settled,
    end: [`bucket ${after.name}`, 'origin access control', ...ofAlias],
  },
  'removes S3': { begin: () => ready(inS3), act: (story) => story.untilGone(), end: [] },
  'removes a distribution': { begin: () => ready(withoutAlias), act: (story) => story.untilGone(), end: [] },
};

test.each(Object.entries(works))(
  'an operator that %s comes to the same end wherever it is killed',
  async (_, work) => {
    const { problems, kills } = await survivals(work, standing);
    expect(problems).toEqual([]);
    expect(kills).toBeGreaterThan(4);
  },
  60_000,
);
