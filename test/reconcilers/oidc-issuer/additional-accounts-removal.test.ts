import { describe, expect, test } from '@jest/globals';
import { hours, minutes } from '../../../src/runtime/duration.ts';
import { Migration, renamedURL } from './migrating.ts';
import { accountsOf, letIn, registeredIn, roleIn, second, shut, third, trusting } from './several-accounts.ts';
import { accountID, alias, issuerURL, Story } from './story.ts';

const additionalAccounts = accountsOf(second, third);
const all = [accountID, second, third];
const counted = (story: Story) => all.map((id) => registeredIn(story, id).length);

async function readyStory(): Promise<Story> {
  const story = new Story({ additionalAccounts });
  await story.untilReady();
  await story.clock.advance(minutes(2));
  story.forget();
  return story;
}

describe('the deletion removes the providers', () => {
  test('of all accounts', async () => {
    const story = await readyStory();
    story.delete();
    await story.untilGone();
    expect(counted(story)).toEqual([0, 0, 0]);
    expect(story.leftovers).toEqual([]);
  });

  test('of an account that the spec does not name any more, by the role of the status', async () => {
    const story = await readyStory();
    trusting(story, second, alias);
    story.edit({ additionalAccounts: [] });
    await story.untilReady();
    story.restart();
    story.forget();
    story.delete();
    await story.untilGone();
    expect(counted(story)).toEqual([0, 0, 0]);
    const assumed = story.aws.calls.filter(({ operation }) => operation === 'AssumeRole').map(({ input }) => input);
    expect(assumed).toEqual([expect.objectContaining({ RoleArn: roleIn(second) })]);
  });

  test('where they are gone already', async () => {
    const story = await readyStory();
    for (const id of [second, third]) story.aws.account(id).providers.clear();
    story.delete();
    await story.untilGone();
    expect(story.leftovers).toEqual([]);
  });

  test('of all accounts of the spec, where the status is lost', async () => {
    const story = await readyStory();
    story.loseStatus();
    story.delete();
    await story.untilGone();
    expect(counted(story)).toEqual([0, 0, 0]);
  });

  test('of another account while one shuts the operator out, and says what holds it and how to end it', async () => {
    const story = await readyStory();
    shut(story, second);
    story.delete();
    await story.reconcile();
    expect(counted(story)).toEqual([0, 1, 0]);
    expect(story.account.buckets.size).toBe(1);
    const message = story.condition('Ready')?.message;
    expect(story.condition('Ready')).toMatchObject({ status: 'False', reason: 'Deleting' });
    expect(message).toContain(
      `the operator needs sts:AssumeRole: in account ${second} (spec.additionalAccounts[0].roleARN)`,
    );
    expect(message).toContain('If it never will, take it out of spec.additionalAccounts');
    expect(message).toContain(`arn:aws:iam::${second}:oidc-provider/${alias} is then left there`);
    expect(message).toContain('spec.deletionPolicy: Retain');
    letIn(story, second);
    await story.untilGone();
    expect(counted(story)).toEqual([0, 0, 0]);
  });

  test('and leaves that of an account that shuts the operator out once the spec does not name it any more', async () => {
    const story = await readyStory();
    shut(story, second);
    story.delete();
    await story.reconcile();
    story.edit({ additionalAccounts: accountsOf(third) });
    await story.untilGone();
    expect(counted(story)).toEqual([0, 1, 0]);
    expect(story.leftovers).toEqual([]);
    expect(story.said).toContainEqual(
      expect.objectContaining({
        type: 'Warning',
        reason: 'ProviderLeft',
        message: expect.stringContaining(`arn:aws:iam::${second}:oidc-provider/${alias} is left in account ${second}`),
      }),
    );
  });
});

describe('the deletion of an issuer that has nothing recorded in an account', () => {
  test('does not wait for it to let the operator in, and says that nothing was looked for', async () => {
    const story = new Story({ additionalAccounts });
    shut(story, second);
    await story.until(() => story.condition('ProvidersReady')?.reason === 'AccessDenied');
    await story.clock.advance(minutes(2));
    story.delete();
    await story.untilGone();
    expect(story.leftovers).toEqual([]);
    expect(counted(story)).toEqual([0, 0, 0]);
    expect(story.said).toContainEqual(
      expect.objectContaining({ reason: 'NotLookedFor', message: expect.stringContaining(`in account ${second}`) }),
    );
  });

  test('never opens it where no Guardrail allows it', async () => {
    const story = new Story();
    await story.untilReady();
    story.admission.issuer = () => ({ allowed: false, message: 'no Guardrail allows the account' });
    story.edit({ additionalAccounts });
    await story.reconcile();
    expect(story.condition('Accepted')).toMatchObject({ reason: 'NotAllowed' });
    story.delete();
    await story.untilGone();
    expect(story.leftovers).toEqual([]);
    expect(story.aws.calls.filter(({ operation }) => operation === 'AssumeRole')).toEqual([]);
    expect(story.said).toContainEqual(
      expect.objectContaining({
        reason: 'NotLookedFor',
        message: expect.stringMatching(/in account 222233334444 .*no Guardrail allows the account/),
      }),
    );
  });
});

test('the deletion assumes no role that no Guardrail allows, and leaves the account by the role that was allowed', async () => {
  const story = await readyStory();
  story.admission.issuer = () => ({ allowed: false, message: 'no Guardrail allows the role' });
  story.edit({ additionalAccounts: [{ roleARN: roleIn(second, 'admin') }] });
  await story.reconcile();
  story.restart();
  story.forget();
  story.delete();
  await story.untilGone();
  expect(counted(story)).toEqual([0, 0, 0]);
  const assumed = story.aws.calls.filter(({ operation }) => operation === 'AssumeRole').map(({ input }) => input);
  expect(assumed).toEqual([second, third].map((id) => expect.objectContaining({ RoleArn: roleIn(id) })));
  expect(story.saidReasons).not.toContain('NotLookedFor');
});

describe('a site that is retired', () => {
  /** The cluster's tokens carry the new URL since so long that the former site is to be retired. */
  async function drained(): Promise<Migration> {
    const story = await Migration.begun({ additionalAccounts });
    await story.settle();
    story.say(renamedURL);
    await story.settle();
    expect(counted(story)).toEqual([2, 2, 2]);
    await story.clock.advance(hours(25));
    return story;
  }

  test('loses its providers in all accounts', async () => {
    const story = await drained();
    await story.settle();
    for (const id of all) expect(registeredIn(story, id)).toEqual([renamedURL]);
    expect(story.phases).toEqual(['irsa.renamed.example.com Current']);
  });

  test('is held by a role of an additional account, which the status names', async () => {
    const story = await drained();
    const { arn, name } = trusting(story, second, alias);
    await story.settle();
    expect(registeredIn(story, second)).toContain(issuerURL);
    expect(registeredIn(story, third)).toEqual([renamedURL]);
    expect(story.status.sites?.[1]).toMatchObject({ url: issuerURL, phase: 'Retiring', trustedBy: [arn] });
    story.aws.account(second).roles.delete(name);
    await story.settle();
    expect(counted(story)).toEqual([1, 1, 1]);
    expect(story.phases).toEqual(['irsa.renamed.example.com Current']);
  });

  test('waits for an account that shuts the operator out, until the spec does not name it any more', async () => {
    const story = await drained();
    await story.reconcile();
    await story.reconcileRole();
    shut(story, second);
    await story.reconcile();
    expect(story.phases).toHaveLength(2);
    expect(story.condition('ProvidersReady')).toMatchObject({ status: 'False', reason: 'AccessDenied' });
    story.edit({ additionalAccounts: accountsOf(third) });
    await story.settle();
    expect(story.phases).toEqual(['irsa.renamed.example.com Current']);
    expect(counted(story)).toEqual([1, 2, 1]);
    expect(story.saidReasons).toContain('ProviderLeft');
    // The provider of the current site is looked for again and again.
    letIn(story, second);
    await story.settle();
    expect(registeredIn(story, second)).toEqual([issuerURL]);
  });
});
