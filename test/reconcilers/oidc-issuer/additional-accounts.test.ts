import { describe, expect, test } from '@jest/globals';
import { ServiceError } from '../../fakes/aws/service.ts';
import { minutes } from '../../../src/runtime/duration.ts';
import { Migration, role } from './migrating.ts';
import {
  accountsOf,
  letIn,
  providerIn,
  registeredIn,
  roleIn,
  second,
  shut,
  third,
  trusting,
} from './several-accounts.ts';
import { accountID, alias, issuerURL, owner, someoneElse, Story } from './story.ts';
import type { IAMServiceAccount } from '../../../src/api/kinds.ts';
import { iamServiceAccounts } from '../../../src/api/resources.ts';

const additionalAccounts = accountsOf(second, third);

/** Ready for a while in three accounts. */
async function readyStory(): Promise<Story> {
  const story = new Story({ additionalAccounts });
  await story.untilReady();
  await story.clock.advance(minutes(2));
  story.forget();
  return story;
}

describe('an issuer of three accounts', () => {
  test('is registered in each, with our tags, and the status keeps the role that leads there', async () => {
    const story = new Story({ additionalAccounts });
    await story.untilReady();
    for (const id of [accountID, second, third]) {
      expect(providerIn(story, id)).toMatchObject({ url: issuerURL, tags: owner });
    }
    const provider = (id: string) => `arn:aws:iam::${id}:oidc-provider/${alias}`;
    const audiences = ['sts.amazonaws.com'];
    expect(story.status.providers).toEqual([
      { url: issuerURL, arn: provider(accountID), accountID, audiences, owned: true },
      { url: issuerURL, arn: provider(second), accountID: second, roleARN: roleIn(second), audiences, owned: true },
      { url: issuerURL, arn: provider(third), accountID: third, roleARN: roleIn(third), audiences, owned: true },
    ]);
    const assumed = story.aws.calls.filter(({ operation }) => operation === 'AssumeRole').map(({ input }) => input);
    expect(assumed).toEqual(
      [second, third].map((id) => expect.objectContaining({ RoleArn: roleIn(id), ExternalId: 'test/default' })),
    );
  });

  test('is looked at once before it is registered in all', async () => {
    const story = new Story({ additionalAccounts });
    await story.until(() => story.condition('DNSReady')?.status === 'True');
    // One look of ProvidersReady and one of Verified.
    expect(story.documents.fetched.filter((url) => url === issuerURL)).toHaveLength(2);
  });

  test('costs one read an account at rest, and no write', async () => {
    const story = await readyStory();
    await story.reconcile();
    const reads = story.aws.calls.filter(
      ({ account, operation }) => account !== accountID || /Provider/.test(operation),
    );
    expect(reads.map(({ account, operation }) => `${operation} ${account}`)).toEqual(
      [accountID, second, third].map((id) => `GetOpenIDConnectProvider ${id}`),
    );
    expect(story.aws.writes).toEqual([]);
    expect(story.kube.writes).toEqual([]);
  });

  test('has what somebody changed in one of them put right', async () => {
    const story = await readyStory();
    Object.assign(providerIn(story, second), { audiences: new Set(['evil.example.com']) });
    story.aws.account(third).providers.clear();
    await story.untilReady();
    expect(providerIn(story, second).audiences).toEqual(new Set(['sts.amazonaws.com']));
    expect(registeredIn(story, third)).toEqual([issuerURL]);
  });

  test('finds all of them again where the status is lost', async () => {
    const story = await readyStory();
    const before = story.status.providers;
    story.loseStatus();
    await story.untilReady();
    expect(story.status.providers).toEqual(before);
    // IAM says that they exist, and refuses a second one.
    expect(new Set(story.aws.writes)).toEqual(new Set(['CreateOpenIDConnectProvider']));
  });

  test('records another role of the same account', async () => {
    const story = await readyStory();
    const other = roleIn(second, 'other');
    story.edit({ additionalAccounts: [{ roleARN: other }, ...accountsOf(third)] });
    await story.untilReady();
    expect(story.status.providers?.map(({ roleARN }) => roleARN)).toEqual([undefined, other, roleIn(third)]);
    expect(story.aws.writes).toEqual([]);
  });
});

test('an account is recorded before anything is made in it', async () => {
  const story = new Story();
  await story.untilReady();
  story.edit({ additionalAccounts: accountsOf(second) });
  const recorded: unknown[] = [];
  story.aws.gate = (operation, act) => {
    recorded.push(operation, story.status.additionalAccounts);
    return act();
  };
  await story.untilReady();
  expect(recorded).toEqual(['CreateOpenIDConnectProvider', [{ accountID: second, roleARN: roleIn(second) }]]);
});

describe('an account that fails holds up no other:', () => {
  /** What ProvidersReady says while the others are registered. */
  async function failing(story: Story, reason: string): Promise<string> {
    await story.until(() => story.condition('ProvidersReady')?.reason === reason);
    expect(registeredIn(story, accountID)).toEqual([issuerURL]);
    expect(registeredIn(story, second)).toEqual([]);
    expect(registeredIn(story, third)).toEqual([issuerURL]);
    expect(story.condition('ProvidersReady')?.status).toBe('False');
    return story.condition('ProvidersReady')?.message ?? '';
  }

  test('one that shuts the operator out', async () => {
    const story = new Story({ additionalAccounts });
    shut(story, second);
    const message = await failing(story, 'AccessDenied');
    expect(message).toBe(
      `the operator needs sts:AssumeRole: in account ${second} (spec.additionalAccounts[0].roleARN): ` +
        `assuming role ${roleIn(second)}: AccessDenied: AccessDenied`,
    );
    letIn(story, second);
    await story.untilReady();
    expect(registeredIn(story, second)).toEqual([issuerURL]);
  });

  test('one whose quota is full', async () => {
    const story = new Story();
    await story.untilReady();
    story.edit({ additionalAccounts });
    const full = 'Cannot exceed quota for OpenIdConnectProvidersPerAccount: 100';
    story.aws.failNext('CreateOpenIDConnectProvider', new ServiceError('LimitExceededException', 409, full));
    const message = await failing(story, 'LimitExceeded');
    expect(message).toContain(`account ${second} has as many IAM OIDC providers as its quota L-858F3967 allows`);
    expect(message).toContain(full);
    expect(story.condition('Stalled')).toMatchObject({ reason: 'LimitExceeded' });
    await story.untilReady();
  });

  test('one whose IAM cannot fetch the issuer', async () => {
    const story = new Story();
    await story.untilReady();
    story.edit({ additionalAccounts });
    story.aws.failNext('CreateOpenIDConnectProvider', new ServiceError('OpenIdIdpCommunicationErrorException', 400));
    const message = await failing(story, 'DocumentsNotServed');
    expect(message).toBe(`IAM of account ${second} cannot fetch ${issuerURL}`);
    await story.untilReady();
  });

  test('one of another partition', async () => {
    const roleARN = `arn:aws-cn:iam::${second}:role/irsa`;
    const story = new Story({ additionalAccounts: [{ roleARN }, ...accountsOf(third)] });
    const message = await failing(story, 'InvalidSpec');
    expect(message).toContain(`spec.additionalAccounts[0].roleARN): ${roleARN} is in partition aws-cn`);
  });

  test('one in which somebody else has the URL, whose provider is never changed', async () => {
    const story = await readyStory();
    Object.assign(providerIn(story, second), { tags: someoneElse, audiences: new Set(['theirs']) });
    await story.reconcile();
    expect(story.condition('ProvidersReady')).toMatchObject({ status: 'False', reason: 'NotOwned' });
    expect(story.condition('ProvidersReady')?.message).toContain(`in account ${second}`);
    story.delete();
    await story.untilGone();
    expect(providerIn(story, second)).toMatchObject({ tags: someoneElse, audiences: new Set(['theirs']) });
    expect(registeredIn(story, third)).toEqual([]);
  });

  test('two that fail are both named', async () => {
    const story = new Story({ additionalAccounts });
    shut(story, second);
    shut(story, third);
    await story.until(() => story.condition('ProvidersReady')?.reason === 'AccessDenied');
    expect(registeredIn(story, accountID)).toEqual([issuerURL]);
    for (const id of [second, third]) expect(story.condition('ProvidersReady')?.message).toContain(`in account ${id}`);
  });

  test('the issuer’s own, whose failure comes first', async () => {
    const story = new Story({ additionalAccounts });
    story.aws.failNext('CreateOpenIDConnectProvider', new ServiceError('AccessDenied', 403));
    await story.until(() => story.condition('ProvidersReady')?.reason === 'AccessDenied');
    expect(story.condition('ProvidersReady')?.message).toMatch(
      /^the operator needs iam:CreateOpenIDConnectProvider: creating/,
    );
    expect([accountID, second, third].map((id) => registeredIn(story, id).length)).toEqual([0, 1, 1]);
  });

  test('roles of the issuer’s account stay ready', async () => {
    const story = await Migration.begun({ additionalAccounts });
    story.askFor(alias);
    shut(story, second);
    await story.reconcile();
    await story.reconcileRole();
    expect(story.condition('ProvidersReady')).toMatchObject({ status: 'False', reason: 'AccessDenied' });
    const conditions = story.kube.get<IAMServiceAccount>(iamServiceAccounts, role)?.status?.conditions ?? [];
    expect(conditions.find(({ type }) => type === 'IssuersReady')).toMatchObject({ status: 'True' });
    expect(story.trusted).toEqual([alias]);
  });
});

describe('an issuer that somebody else hosts', () => {
  const url = 'https://oidc.eks.eu-central-1.amazonaws.com/id/0123ABC';
  const hosting = { external: { issuerURL: url } };

  /** Somebody made a provider for it in the second account. */
  async function usedStory(): Promise<Story> {
    const story = new Story({ hosting, additionalAccounts });
    const arn = `arn:aws:iam::${second}:oidc-provider/${url.slice('https://'.length)}`;
    const audiences = new Set(['sts.amazonaws.com']);
    story.aws.account(second).providers.set(arn, { arn, url, audiences, tags: {}, createdAt: new Date(0) });
    story.settings.issuerCheck = { mode: 'Skip' };
    await story.untilReady();
    await story.clock.advance(minutes(2));
    return story;
  }

  test('is used where somebody registered it, and registered elsewhere', async () => {
    const story = await usedStory();
    expect(story.status.providers?.map((entry) => [entry.accountID, entry.owned])).toEqual([
      [accountID, true],
      [second, false],
      [third, true],
    ]);
    expect(providerIn(story, second).tags).toEqual({});
  });

  test('leaves somebody else’s provider as it is, whether or not the account lets the operator in', async () => {
    const story = await usedStory();
    shut(story, second);
    story.edit({ additionalAccounts: [] });
    await story.untilReady();
    expect([accountID, second, third].map((id) => registeredIn(story, id).length)).toEqual([1, 1, 0]);
    expect(story.condition('ProvidersReady')?.message).toBe('');
    expect(story.status.providers).toHaveLength(1);
  });

  test('is deleted without waiting for the account of somebody else’s provider', async () => {
    const story = await usedStory();
    shut(story, second);
    story.delete();
    await story.untilGone();
    expect([accountID, second, third].map((id) => registeredIn(story, id).length)).toEqual([0, 1, 0]);
    expect(story.saidReasons).not.toContain('ProviderLeft');
  });
});

describe('the spec is refused', () => {
  const account = { roleARN: roleIn(accountID) };
  test.each([
    ['two roles of one account', 1, [{ roleARN: roleIn(second) }, { roleARN: roleIn(second, 'b') }]],
    ['a role of the issuer’s account', 0, [{ roleARN: roleIn(accountID, 'b') }]],
    ['what is no role', 0, [{ roleARN: `arn:aws:iam::${second}:user/irsa` }]],
  ])('if it names %s, without a call to AWS', async (_, index, accounts) => {
    const story = new Story({ account, additionalAccounts: accounts });
    await story.reconcile();
    expect(story.condition('Accepted')).toMatchObject({ status: 'False', reason: 'InvalidSpec' });
    expect(story.condition('Accepted')?.message).toContain(`spec.additionalAccounts[${index}].roleARN`);
    expect(story.aws.calls).toEqual([]);
  });

  test('if it names the operator’s own account, where the issuer is', async () => {
    const story = new Story({ additionalAccounts: accountsOf(accountID) });
    await story.reconcile();
    expect(story.condition('Accepted')).toMatchObject({ status: 'False', reason: 'InvalidSpec' });
    expect(story.condition('Accepted')?.message).toContain(`account ${accountID} is the issuer's own account already`);
    expect(story.aws.calls.map(({ operation }) => operation)).toEqual(['GetCallerIdentity']);
  });
});

describe('an account that left the list', () => {
  test('loses its provider by the role that the status keeps, and nothing is said of it any more', async () => {
    const story = await readyStory();
    story.edit({ additionalAccounts: accountsOf(third) });
    await story.untilReady();
    expect([accountID, second, third].map((id) => registeredIn(story, id).length)).toEqual([1, 0, 1]);
    expect(story.status.providers?.map((entry) => entry.accountID)).toEqual([accountID, third]);
    expect(story.status.additionalAccounts).toEqual([{ accountID: third, roleARN: roleIn(third) }]);
    story.forget();
    await story.reconcile();
    expect(story.aws.calls.filter(({ account }) => account === second)).toEqual([]);
  });

  test('is forgotten if its provider is gone already', async () => {
    const story = await readyStory();
    story.aws.account(second).providers.clear();
    story.edit({ additionalAccounts: [] });
    await story.untilReady();
    expect(story.status.providers?.map((entry) => entry.accountID)).toEqual([accountID]);
    expect(registeredIn(story, third)).toEqual([]);
  });

  test('keeps the provider while a role there trusts it', async () => {
    const story = await readyStory();
    const { arn, name } = trusting(story, second, alias);
    story.edit({ additionalAccounts: [] });
    await story.untilReady();
    expect(registeredIn(story, second)).toEqual([issuerURL]);
    expect(registeredIn(story, third)).toEqual([]);
    expect(story.condition('ProvidersReady')?.message).toBe(
      `${issuerURL} stays registered while IAM role ${arn} trusts it`,
    );
    story.aws.account(second).roles.delete(name);
    await story.untilReady();
    expect(registeredIn(story, second)).toEqual([]);
    expect(story.condition('ProvidersReady')?.message).toBe('');
  });

  test('loses also a provider that the operator made there and died before it could record it', async () => {
    const story = new Story();
    await story.untilReady();
    story.edit({ additionalAccounts: accountsOf(second) });
    story.aws.failNext('CreateOpenIDConnectProvider', undefined, { tookEffect: true });
    await story.reconcile();
    expect(registeredIn(story, second)).toEqual([issuerURL]);
    expect(story.status.providers).toHaveLength(1);
    story.restart();
    await story.clock.advance(minutes(2));
    const { name } = trusting(story, second, alias);
    story.edit({ additionalAccounts: [] });
    await story.untilReady();
    await story.reconcile();
    expect(registeredIn(story, second)).toEqual([issuerURL]);
    story.aws.account(second).roles.delete(name);
    await story.untilReady();
    expect(registeredIn(story, second)).toEqual([]);
    expect(story.status.additionalAccounts).toBeUndefined();
  });

  test('is forgotten if it never let the operator in', async () => {
    const story = new Story({ additionalAccounts });
    shut(story, second);
    await story.until(() => story.condition('ProvidersReady')?.reason === 'AccessDenied');
    expect(story.status.additionalAccounts?.map((entry) => entry.accountID)).toEqual([second, third]);
    story.edit({ additionalAccounts: accountsOf(third) });
    await story.untilReady();
    expect(story.status.additionalAccounts?.map((entry) => entry.accountID)).toEqual([third]);
    expect(story.condition('ProvidersReady')?.message).toBe('');
  });

  test('is left by the role through which its provider was made, if a later one never let the operator in', async () => {
    const story = await readyStory();
    const typo = roleIn(second, 'typo');
    story.aws.pinned.set(typo, 'nobody');
    story.edit({ additionalAccounts: [{ roleARN: typo }] });
    await story.reconcile();
    expect(story.condition('ProvidersReady')).toMatchObject({ status: 'False', reason: 'AccessDenied' });
    story.edit({ additionalAccounts: [] });
    await story.untilReady();
    expect(registeredIn(story, second)).toEqual([]);
  });

  test('is left as it is while it shuts the operator out, which does not make the issuer less ready', async () => {
    const story = await readyStory();
    shut(story, second);
    story.edit({ additionalAccounts: accountsOf(third) });
    await story.untilReady();
    expect(registeredIn(story, second)).toEqual([issuerURL]);
    expect(story.condition('ProvidersReady')?.message).toContain(`stays registered in account ${second}`);
    letIn(story, second);
    await story.untilReady();
    expect(registeredIn(story, second)).toEqual([]);
  });

  test('keeps a provider that is not ours', async () => {
    const story = await readyStory();
    Object.assign(providerIn(story, second), { tags: someoneElse });
    story.edit({ additionalAccounts: [] });
    await story.untilReady();
    expect(registeredIn(story, second)).toEqual([issuerURL]);
    expect(story.said).toContainEqual(expect.objectContaining({ reason: 'LeftAlone' }));
    expect(story.status.providers).toHaveLength(1);
  });

  test('and comes back loses the tags that the spec dropped meanwhile', async () => {
    const story = new Story({ additionalAccounts, tags: { team: 'a' } });
    await story.untilReady();
    trusting(story, second, alias);
    story.edit({ additionalAccounts: accountsOf(third), tags: null });
    await story.untilReady();
    expect(providerIn(story, second).tags).toEqual({ team: 'a', ...owner });
    story.edit({ additionalAccounts });
    await story.untilReady();
    expect(providerIn(story, second).tags).toEqual(owner);
    expect(story.status.tagKeys).toBeUndefined();
  });
});

describe('a name that is lost', () => {
  async function lost(story: Story): Promise<void> {
    const evil = { keys: [{ kid: 'evil', use: 'sig', alg: 'RS256', kty: 'RSA', n: 'modulus', e: 'AQAB' }] };
    story.documents.answers.set(`${issuerURL}/keys.json`, evil);
    await story.reconcile();
  }

  test.each([
    ['', false],
    [' and the status was lost', true],
  ])('is trusted in no account any more, until it is ours again%s', async (_, forgets) => {
    const story = await readyStory();
    if (forgets) story.loseStatus();
    await lost(story);
    for (const id of [accountID, second, third]) expect(registeredIn(story, id)).toEqual([]);
    expect(story.said).toContainEqual(
      expect.objectContaining({
        reason: 'ProvidersWithdrawn',
        message: expect.stringContaining(`(in accounts ${accountID}, ${second}, ${third})`),
      }),
    );
    story.documents.answers.clear();
    await story.untilReady();
    for (const id of [accountID, second, third]) expect(registeredIn(story, id)).toEqual([issuerURL]);
  });

  test('is withdrawn in all other accounts, and in the one that shuts the operator out as soon as that lets it in', async () => {
    const story = await readyStory();
    shut(story, second);
    await lost(story);
    expect([accountID, second, third].map((id) => registeredIn(story, id).length)).toEqual([0, 1, 0]);
    expect(story.condition('ProvidersReady')?.message).toContain(`in account ${second}`);
    expect(story.saidReasons).toContain('ProvidersWithdrawn');
    letIn(story, second);
    await story.reconcile();
    expect(registeredIn(story, second)).toEqual([]);
  });
});
