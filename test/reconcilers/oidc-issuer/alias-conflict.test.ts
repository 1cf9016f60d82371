import type { DistributionConfigWithTags } from '@aws-sdk/client-cloudfront';
import { beforeEach, expect, test } from '@jest/globals';
import type { FakeDistribution } from '../../fakes/aws/cloudfront.ts';
import { ServiceError } from '../../fakes/aws/service.ts';
import { hold, release } from './alias-holder.ts';
import { survivals, type Work } from './killing.ts';
import { Migration } from './migrating.ts';
import { alias, issuerURL, only, Story } from './story.ts';

let story: Story;
beforeEach(() => {
  story = new Story();
});

const refused = () => story.condition('DistributionReady');
const mine = (): FakeDistribution => only([...story.account.distributions.values()]);

/** Until the condition says all that it ever will. */
async function untilTold(): Promise<void> {
  for (let pass = 0; pass < 5; pass++) await story.reconcile();
}

test('an alias that another account has is a condition that says which distribution of which account lists it', async () => {
  hold(story, alias);
  await untilTold();
  expect(refused()).toMatchObject({
    status: 'False',
    reason: 'AliasTaken',
    message: expect.stringContaining('distribution **********HOLD of account ******888888 lists it, or the name'),
  });
  expect(story.condition('Stalled')).toMatchObject({ status: 'True', reason: 'AliasTaken' });
  expect(story.account.providers.size).toBe(0);
});

test('the message stays the same, and nothing but the alias is asked for again', async () => {
  hold(story, alias);
  hold(story, '*.abcl0.example.com');
  await untilTold();
  const message = refused()?.message;
  expect(message).toMatch(/lists \*\.abcl0\.example\.com and distribution .* lists it,/);
  const holders = [...story.aws.account('999988888888').distributions].toReversed();
  story.aws.account('999988888888').distributions.clear();
  for (const [id, holder] of holders) story.aws.account('999988888888').distributions.set(id, holder);
  story.forget();
  await story.reconcile();
  expect(refused()?.message).toBe(message);
  expect(story.aws.writes).toEqual(['UpdateDistribution']);
  expect(story.kube.writes).toEqual([]);
});

test('no distribution is made without the alias before it is refused twice', async () => {
  story.aws.failNext('CreateDistributionWithTags', new ServiceError('CNAMEAlreadyExists', 409));
  for (let pass = 0; pass < 3; pass++) await story.reconcile();
  expect(refused()?.message).toContain(
    'another distribution, maybe of another account, lists it or a wildcard of it, or',
  );
  expect(story.account.distributions.size).toBe(0);
  await story.untilReady();
  expect(mine().config.Aliases).toMatchObject({ Items: [alias] });
});

test('the distribution that waited without the alias gets it once it is free', async () => {
  hold(story, alias);
  await untilTold();
  const { id, config } = mine();
  expect(config.Aliases).toMatchObject({ Quantity: 0 });
  expect(config.ViewerCertificate?.ACMCertificateArn).toBe(story.site?.certificate?.arn);
  release(story);
  await story.untilReady();
  expect(mine()).toMatchObject({ id, config: { Aliases: { Items: [alias] } } });
});

test('a distribution to which somebody moved the alias is ready', async () => {
  hold(story, alias);
  await untilTold();
  release(story);
  mine().config.Aliases = { Quantity: 1, Items: [alias] };
  story.aws.failWhen('UpdateDistribution', () => new ServiceError('CNAMEAlreadyExists', 409));
  await story.untilReady();
});

test('the distribution without the alias is found again, and as that of the alias, when the status is lost', async () => {
  hold(story, alias);
  await untilTold();
  const { id } = mine();
  story.loseStatus();
  await untilTold();
  expect(mine().id).toBe(id);
  expect(story.status.sites?.map(({ url }) => url)).toEqual([issuerURL]);
  release(story);
  await story.untilReady();
  expect(mine().id).toBe(id);
});

test('the distribution without the alias is found again if nobody heard of its creation, although the alias is free then', async () => {
  hold(story, alias);
  story.aws.failWhen('CreateDistributionWithTags', (input) => {
    const { DistributionConfig } = input['DistributionConfigWithTags'] as DistributionConfigWithTags;
    if (DistributionConfig?.Aliases?.Quantity === 0)
      story.aws.failNext('CreateDistributionWithTags', undefined, { tookEffect: true });
    return undefined;
  });
  for (let pass = 0; pass < 4; pass++) await story.reconcile();
  const { id } = mine();
  expect(story.site?.distribution).toBeUndefined();
  expect(refused()).toMatchObject({ reason: 'AliasTaken', message: expect.stringContaining('ServiceFailure') });
  release(story);
  await story.untilReady();
  expect(mine().id).toBe(id);
});

test('the distribution without the alias goes with the issuer', async () => {
  hold(story, alias);
  await untilTold();
  story.delete();
  await story.untilGone();
  expect(story.leftovers).toEqual([]);
});

test('an alias that nobody lists is refused because of a DNS record, or has a distribution tenant', async () => {
  await story.untilReady();
  story.distribution.config.Aliases = { Quantity: 0 };
  story.aws.failWhen('UpdateDistribution', () => new ServiceError('CNAMEAlreadyExists', 409));
  await story.reconcile();
  expect(refused()?.message).toContain(
    "no standard distribution lists it or a wildcard of it, so the name's DNS record (also a wildcard) points at another distribution, or a distribution tenant has it",
  );
});

test('without the permission to ask, both causes are named, and the permission', async () => {
  hold(story, alias);
  story.aws.failWhen('ListConflictingAliases', () => new ServiceError('AccessDenied', 403));
  await untilTold();
  expect(refused()).toMatchObject({ status: 'False', reason: 'AliasTaken' });
  expect(refused()?.message).toContain(
    'another distribution, maybe of another account, lists it or a wildcard of it (cloudfront:ListConflictingAliases would tell which), or',
  );
});

test('where CloudFront does not answer the question, both causes are named', async () => {
  hold(story, alias);
  story.aws.failWhen('ListConflictingAliases', () => new ServiceError('InvalidArgument', 400));
  await untilTold();
  expect(refused()).toMatchObject({
    reason: 'AliasTaken',
    message: expect.stringContaining('maybe of another account'),
  });
});

// No plan can tell that another account has the alias, so this is none of the works of every-write.test.ts.
test('an operator that waits for the alias comes to the same end wherever it is killed', async () => {
  const work: Work = {
    begin: async () => {
      const waiting = new Migration();
      hold(waiting, alias);
      return waiting;
    },
    act: async (waiting) => {
      for (let pass = 0; pass < 4; pass++) await waiting.reconcile();
      release(waiting);
      await waiting.untilReady();
    },
    end: ['bucket', 'certificate', 'distribution', 'origin', 'provider', 'record', 'record', 'record'],
  };
  const kinds = ({ leftovers }: Migration) => leftovers.map((what) => what.split(' ')[0] ?? '').toSorted();
  const { problems, kills } = await survivals(work, kinds);
  expect(problems).toEqual([]);
  expect(kills).toBeGreaterThan(4);
}, 60_000);
