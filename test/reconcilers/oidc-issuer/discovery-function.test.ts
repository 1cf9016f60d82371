import { describe, expect, test } from '@jest/globals';
import { oidcIssuers } from '../../../src/api/resources.ts';
import { discoveryFunction } from '../../../src/oidc/discovery-function.ts';
import { ServiceError } from '../../fakes/aws/service.ts';
import type { FakeRole } from '../../fakes/aws/iam.ts';
import { accountID, alias, issuerURL, only, owner, ref, Story } from './story.ts';

const keep = { hosting: { cloudFront: { alias, distributionProvider: 'Keep' as const } } };
const remove = { hosting: { cloudFront: { alias, distributionProvider: 'Remove' as const } } };

async function readyStory(spec: ConstructorParameters<typeof Story>[0] = keep): Promise<Story> {
  const story = new Story(spec);
  await story.untilReady();
  story.forget();
  return story;
}

const ownURL = (story: Story) => `https://${story.distribution.domainName}`;
const theOne = (story: Story) => only([...story.account.functions.values()]);
const associations = (story: Story) =>
  story.distribution.config.DefaultCacheBehavior?.FunctionAssociations?.Items ?? [];
/** The issuer that is named under a URL. */
const named = async (story: Story, url: string) =>
  (await story.documents.fetch(url, `${url}/keys.json`)).discovery['issuer'];
const setCode = (story: Story, code: string) => {
  const { written, live } = theOne(story);
  for (const version of [written, live]) Object.assign(version ?? {}, { code });
};
/** Answers under every URL with another key set. */
const foreign = `function handler(event) {
  var url = 'https://' + event.request.headers.host.value;
  return { statusCode: 200, headers: {}, body: JSON.stringify({ issuer: url, jwks_uri: 'https://evil.example.com' }) };
}`;

describe('each of two registered URLs', () => {
  test('serves a discovery document that names it, and the same keys', async () => {
    const story = await readyStory();
    const served = await Promise.all(
      [issuerURL, ownURL(story)].map((url) => story.documents.fetch(url, `${url}/keys.json`)),
    );
    expect(served.map(({ discovery }) => discovery)).toMatchObject(
      [issuerURL, ownURL(story)].map((issuer) => ({ issuer, jwks_uri: `${issuer}/keys.json` })),
    );
    expect(served[1]?.jwks).toEqual(served[0]?.jwks);
    expect(served[0]?.jwks).toMatchObject({ keys: [{ kid: story.kid }] });
  });

  test('is registered once its own document was seen there', async () => {
    const story = new Story(keep);
    await story.until(() => story.condition('DNSReady')?.reason === 'DNSChangePending');
    setCode(story, 'function handler(event) { return event.request; }');
    await story.comeBack();
    expect(story.status.providers?.map(({ url }) => url)).toEqual([issuerURL]);
    expect(story.condition('ProvidersReady')).toMatchObject({ status: 'False', reason: 'DocumentsNotServed' });
    expect(story.condition('ProvidersReady')?.message).toContain(`does not name ${ownURL(story)}/keys.json`);
    await story.untilReady();
    expect(story.account.providers.size).toBe(2);
  });
});

test('the function is one for the site, with a name of its own, published and without a part in any other event', async () => {
  const story = await readyStory();
  const { name, arn, live, comment, tags } = theOne(story);
  expect(name).toMatch(/^irsa_test_[0-9a-f]{16}$/);
  expect(live?.code).toBe(discoveryFunction());
  expect(comment).toBe('Created by irsa-operator for cluster abcl0');
  const { 'irsa.giantswarm.io/home': _home, ...constant } = owner;
  expect(tags).toEqual(constant);
  expect(associations(story)).toEqual([{ EventType: 'viewer-request', FunctionARN: arn }]);
  expect(story.site?.function).toBe(name);
});

test('a distribution with one registered URL has no function, and none is looked for', async () => {
  const story = new Story();
  await story.untilReady();
  expect(story.account.functions.size).toBe(0);
  expect(story.aws.calls.map(({ operation }) => operation).filter((each) => each.includes('Function'))).toEqual([]);
  expect(story.site).not.toHaveProperty('function');
});

test('a second pass writes nothing, and does not even read the function', async () => {
  const story = await readyStory();
  await story.reconcile();
  expect(story.aws.writes).toEqual([]);
  expect(story.aws.reads).not.toContain('GetFunction');
});

describe('repairs in one pass', () => {
  test('an association that somebody took away', async () => {
    const story = await readyStory();
    story.distribution.config.DefaultCacheBehavior!.FunctionAssociations = { Quantity: 0 };
    await story.reconcile();
    expect(story.aws.writes).toEqual(['UpdateDistribution']);
    await story.untilReady();
    expect(await named(story, ownURL(story))).toBe(ownURL(story));
  });

  test('an association with a function of somebody else', async () => {
    const story = await readyStory();
    const FunctionARN = `arn:aws:cloudfront::${accountID}:function/theirs`;
    const Items = [{ EventType: 'viewer-request' as const, FunctionARN }];
    story.distribution.config.DefaultCacheBehavior!.FunctionAssociations = { Quantity: 1, Items };
    await story.untilReady();
    expect(associations(story)).toMatchObject([{ FunctionARN: theOne(story).arn }]);
  });

  test.each([
    ['answers for somebody else', foreign],
    ['lets the alias’s document go out under both URLs', 'function handler(event) { return event.request; }'],
    ['fails', 'function handler() { throw new Error(); }'],
  ])('code that %s, with nothing withdrawn', async (_, code) => {
    const story = await readyStory();
    setCode(story, code);
    await story.reconcile();
    expect(story.aws.writes).toEqual(['UpdateFunction', 'PublishFunction']);
    expect(theOne(story).live?.code).toBe(discoveryFunction());
    expect(story.saidReasons).toEqual(['DistributionRepaired']);
    expect(story.condition('Ready')).toMatchObject({ status: 'True' });
    story.forget();
    await story.reconcile();
    expect(story.aws.writes).toEqual([]);
  });

  test('code whose association is gone too, for the status records the function', async () => {
    const story = await readyStory();
    setCode(story, foreign);
    story.distribution.config.DefaultCacheBehavior!.FunctionAssociations = { Quantity: 0 };
    await story.reconcile();
    expect(theOne(story).live?.code).toBe(discoveryFunction());
    await story.untilReady();
  });

  test('code of which the lost status says nothing, for our distribution uses the function', async () => {
    const story = await readyStory();
    setCode(story, foreign);
    story.loseStatus();
    await story.reconcile();
    expect(theOne(story).live?.code).toBe(discoveryFunction());
    await story.untilReady();
  });

  test('code that nobody looks at because of issuerCheck.mode', async () => {
    const story = await readyStory();
    story.settings.issuerCheck = { mode: 'Skip' };
    setCode(story, foreign);
    await story.reconcile();
    expect(theOne(story).live?.code).toBe(discoveryFunction());
  });
});

test('a function that somebody deleted with its association is made again', async () => {
  const story = await readyStory();
  story.distribution.config.DefaultCacheBehavior!.FunctionAssociations = { Quantity: 0 };
  story.account.functions.clear();
  await story.reconcile();
  expect(story.aws.writes).toEqual(['CreateFunction', 'PublishFunction', 'UpdateDistribution']);
  await story.untilReady();
});

test('a function of its name with other code, which nothing of ours uses, is left alone, and the condition says so', async () => {
  const story = new Story(keep);
  const probe = await readyStory();
  const theirs = { ...structuredClone(theOne(probe)), written: { code: foreign, etag: 'E1' }, live: undefined };
  story.account.functions.set(theirs.name, theirs);
  const before = structuredClone(theirs);
  await story.until(() => story.condition('DistributionReady')?.reason === 'NotOwned');
  for (let pass = 0; pass < 3; pass++) await story.reconcile();
  expect(story.condition('DistributionReady')).toMatchObject({ status: 'False', reason: 'NotOwned' });
  expect(story.condition('DistributionReady')?.message).toContain(
    `CloudFront function ${theirs.name} exists with code of`,
  );
  expect(story.condition('Stalled')).toMatchObject({ status: 'True' });
  expect(story.account.distributions.size).toBe(0);
  story.delete();
  await story.untilGone();
  expect([...story.account.functions.values()]).toEqual([before]);
  expect(story.said).toContainEqual(
    expect.objectContaining({
      reason: 'LeftAlone',
      message: expect.stringContaining(`CloudFront function ${theirs.name}`),
    }),
  );
});

test('an account that may have no more functions is a condition that names the quota’s error', async () => {
  const story = new Story(keep);
  story.aws.failWhen('CreateFunction', () => new ServiceError('TooManyFunctions', 400));
  await story.until(() => story.condition('DistributionReady')?.reason === 'LimitExceeded');
  expect(story.condition('DistributionReady')?.message).toContain('TooManyFunctions');
});

describe('an issuer whose alias alone was registered', () => {
  test('gets the function, and then the provider of the second URL', async () => {
    const story = await readyStory(remove);
    story.edit(keep);
    await story.untilReady();
    expect(story.aws.writes).toEqual([
      'CreateFunction',
      'PublishFunction',
      'UpdateDistribution',
      'CreateOpenIDConnectProvider',
    ]);
    expect(await named(story, ownURL(story))).toBe(ownURL(story));
    expect(await named(story, issuerURL)).toBe(issuerURL);
  });

  test('keeps a provider that it finds under the second URL while the document there names the alias', async () => {
    const story = await readyStory();
    story.account.functions.clear();
    story.distribution.config.DefaultCacheBehavior!.FunctionAssociations = { Quantity: 0 };
    story.aws.failNext('CreateFunction');
    await story.reconcile();
    expect(await named(story, ownURL(story))).toBe(issuerURL);
    expect(story.condition('Verified')).toMatchObject({ status: 'False', reason: 'NotVerified' });
    expect(story.condition('Verified')?.message).toContain(`does not name ${ownURL(story)}/keys.json`);
    expect(story.account.providers.size).toBe(2);
    expect(story.saidReasons).not.toContain('ProvidersWithdrawn');
    await story.untilReady();
  });
});

describe('an issuer whose second URL is not kept any more', () => {
  test('loses the provider, then the association, then the function', async () => {
    const story = await readyStory();
    story.edit(remove);
    await story.reconcile();
    expect(story.aws.writes).toEqual(['DeleteOpenIDConnectProvider']);
    expect(await named(story, ownURL(story))).toBe(ownURL(story));
    await story.reconcile();
    expect(story.aws.writes.slice(1)).toEqual(['UpdateDistribution']);
    expect(associations(story)).toEqual([]);
    expect(story.account.functions.size).toBe(1);
    await story.untilReady();
    expect(story.aws.writes.slice(2)).toEqual(['DeleteFunction']);
    expect(story.site).not.toHaveProperty('function');
    expect(await named(story, issuerURL)).toBe(issuerURL);
    story.forget();
    await story.reconcile();
    expect(story.aws.writes).toEqual([]);
  });

  test('keeps the function while a role keeps the provider', async () => {
    const story = await readyStory();
    const Federated = `arn:aws:iam::${accountID}:oidc-provider/${story.distribution.domainName}`;
    const trustPolicy = JSON.stringify({ Statement: [{ Effect: 'Allow', Principal: { Federated: [Federated] } }] });
    const role = {
      name: 'by-hand',
      arn: 'arn',
      path: '/',
      trustPolicy,
      tags: {},
      managed: new Set(),
      inline: new Map(),
    };
    story.account.roles.set(role.name, { ...role, createdAt: new Date(0) } as unknown as FakeRole);
    story.edit(remove);
    await story.untilReady();
    await story.untilReady();
    expect(story.aws.writes).toEqual([]);
    expect(await named(story, ownURL(story))).toBe(ownURL(story));
  });

  test('is ready while CloudFront counts the function as in use, and deletes it later', async () => {
    const story = await readyStory();
    story.edit(remove);
    await story.reconcile();
    await story.reconcile();
    story.aws.deploy();
    story.aws.failNext('DeleteFunction', new ServiceError('FunctionInUse', 409));
    await story.reconcile();
    expect(story.condition('DistributionReady')).toMatchObject({
      status: 'True',
      message: expect.stringContaining('is not needed and in use'),
    });
    await story.reconcile();
    expect(story.account.functions.size).toBe(0);
    expect(story.condition('DistributionReady')?.message).not.toContain('in use');
  });
});

describe('a removal', () => {
  test('waits while CloudFront counts the function as in use', async () => {
    const story = await readyStory();
    story.aws.failNext('DeleteFunction', new ServiceError('FunctionInUse', 409));
    story.delete();
    await story.until(() => story.condition('DistributionReady')?.reason === 'InUse');
    expect(story.condition('DistributionReady')?.message).toContain('CloudFront still counts function');
    expect(story.account.buckets.size).toBe(1);
    await story.untilGone();
    expect(story.leftovers).toEqual([]);
  });

  test.each([
    [
      'whose function somebody deleted',
      (story: Story) => {
        story.distribution.config.DefaultCacheBehavior!.FunctionAssociations = { Quantity: 0 };
        story.account.functions.clear();
      },
    ],
    ['whose status was lost', (story: Story) => story.loseStatus()],
    ['whose function has other code now', (story: Story) => setCode(story, '// other')],
  ])('of an issuer %s leaves nothing', async (_, spoil) => {
    const story = await readyStory();
    spoil(story);
    story.delete();
    await story.untilGone();
    expect(story.leftovers).toEqual([]);
  });
});

test('a plan tells of the function before it is made, and writes nothing', async () => {
  const story = await readyStory(remove);
  story.edit(keep);
  story.kube.edit(oidcIssuers, ref, { metadata: { annotations: { 'irsa.giantswarm.io/plan': 'true' } } });
  await story.reconcile();
  expect(story.aws.writes).toEqual([]);
  expect(story.status.plan).toContainEqual(expect.stringMatching(/^creating CloudFront function irsa_test_/));
});
