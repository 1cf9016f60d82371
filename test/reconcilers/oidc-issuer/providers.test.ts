import { describe, expect, test } from '@jest/globals';
import type { IssuerDocuments } from '../../../src/controllers/oidc-issuer/registrations/published.ts';
import { minutes, seconds } from '../../../src/runtime/duration.ts';
import type { FakeProvider, FakeRole } from '../../fakes/aws/iam.ts';
import { ServiceError } from '../../fakes/aws/service.ts';
import { accountID, alias, issuerURL, only, owner, someoneElse, Story } from './story.ts';

const arn = `arn:aws:iam::${accountID}:oidc-provider/${alias}`;
const both = { hosting: { cloudFront: { alias, distributionProvider: 'Keep' as const } } };
const providers = (story: Story) => story.account.providers;
const provider = (story: Story): FakeProvider => only([...providers(story).values()]);

test('registers the issuer with its audience and no thumbprint, and reads only to find what a lost status would not say', async () => {
  const story = new Story();
  await story.untilReady();
  const create = only(story.aws.calls.filter(({ operation }) => operation === 'CreateOpenIDConnectProvider'));
  expect(create.input).toMatchObject({ Url: issuerURL, ClientIDList: ['sts.amazonaws.com'] });
  expect(create.input).not.toHaveProperty('ThumbprintList');
  expect(story.aws.reads.filter((operation) => operation === 'GetOpenIDConnectProvider')).toEqual([]);
});

test('records the audiences that it was registered with, for the roles that trust it', async () => {
  const story = new Story({ audiences: ['sts.amazonaws.com', 'other'] });
  await story.untilReady();
  expect(story.status.providers).toMatchObject([{ url: issuerURL, audiences: ['sts.amazonaws.com', 'other'] }]);
});

describe('an audience that the spec no longer names', () => {
  const audiences = (story: Story) => [...provider(story).audiences].toSorted();

  test.each([
    ['stays, because pods may carry tokens for it', false],
    ['stays also where the status is lost', true],
  ])('%s', async (_, forgets) => {
    const story = new Story();
    await story.untilReady();
    if (forgets) story.loseStatus();
    story.edit({ audiences: ['other'] });
    await story.untilReady();
    expect(audiences(story)).toEqual(['other', 'sts.amazonaws.com']);
    expect(story.status.providers).toMatchObject([{ audiences: ['other', 'sts.amazonaws.com'] }]);
    story.forget();
    await story.reconcile();
    expect(story.aws.writes).toEqual([]);
  });

  test('is forgotten once somebody took it away in IAM', async () => {
    const story = new Story();
    await story.untilReady();
    story.edit({ audiences: ['other'] });
    await story.untilReady();
    provider(story).audiences.delete('sts.amazonaws.com');
    await story.reconcile();
    expect(audiences(story)).toEqual(['other']);
    expect(story.status.providers).toMatchObject([{ audiences: ['other'] }]);
  });

  test('goes where somebody else added it', async () => {
    const story = new Story();
    await story.untilReady();
    provider(story).audiences.add('stranger');
    await story.reconcile();
    expect(audiences(story)).toEqual(['sts.amazonaws.com']);
  });
});

test('registers the distribution’s own name too where that is kept, and drops it when it is not any more', async () => {
  const story = new Story(both);
  await story.untilReady();
  const own = `https://${story.distribution.domainName}`;
  expect(story.status.providers?.map(({ url }) => url)).toEqual([issuerURL, own]);
  expect(story.documents.fetched).toEqual(expect.arrayContaining([issuerURL, own]));
  story.edit({ hosting: { cloudFront: { alias, distributionProvider: 'Remove' } } });
  await story.untilReady();
  expect([...providers(story).keys()]).toEqual([arn]);
  expect(story.status.providers?.map(({ url }) => url)).toEqual([issuerURL]);
});

test('keeps the distribution’s own provider while a role that somebody made trusts it', async () => {
  const story = new Story(both);
  await story.untilReady();
  const own = `https://${story.distribution.domainName}`;
  const Federated = `arn:aws:iam::${accountID}:oidc-provider/${story.distribution.domainName}`;
  const role: FakeRole = {
    name: 'by-hand',
    arn: `arn:aws:iam::${accountID}:role/by-hand`,
    path: '/',
    createdAt: new Date(0),
    trustPolicy: JSON.stringify({ Statement: [{ Effect: 'Allow', Principal: { Federated: [Federated] } }] }),
    tags: {},
    managed: new Set(),
    inline: new Map(),
  } as unknown as FakeRole;
  story.account.roles.set(role.name, role);
  story.edit({ hosting: { cloudFront: { alias, distributionProvider: 'Remove' } } });
  await story.reconcile();
  expect(story.status.providers?.map(({ url }) => url)).toContain(own);
  expect(story.condition('ProvidersReady')).toMatchObject({
    status: 'True',
    message: `${own} stays registered while IAM role ${role.arn} trusts it`,
  });
  story.account.roles.delete(role.name);
  await story.reconcile();
  expect([...providers(story).keys()]).toEqual([arn]);
});

describe('registers nothing', () => {
  test('before the documents were fetched as STS would', async () => {
    const story = new Story();
    await story.until(() => story.condition('DNSReady')?.status === 'True' && providers(story).size === 1);
    providers(story).clear();
    story.loseStatus();
    story.documents.fetch = async () => {
      throw new Error('the distribution answers 403');
    };
    const result = await story.reconcile();
    expect(providers(story).size).toBe(0);
    expect(story.condition('ProvidersReady')).toMatchObject({
      status: 'False',
      reason: 'DocumentsNotServed',
      message: 'the distribution answers 403',
    });
    expect(result.requeueAfter).toBe(seconds(10));
  });

  test('where the pass ends before the documents come, which tells nothing about them', async () => {
    const story = new Story();
    const documents: IssuerDocuments = story.documents;
    documents.fetch = () => Promise.reject(new Error('the distribution answers 403'));
    await story.until(() => story.condition('ProvidersReady')?.reason === 'DocumentsNotServed');
    documents.fetch = (_url, _jwksURI, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Error('no answer in time')));
      });
    const pass = story.reconcile();
    await story.clock.advance(minutes(2));
    await pass;
    expect(providers(story).size).toBe(0);
    expect(story.condition('ProvidersReady')).toMatchObject({
      reason: 'ReconciliationFailed',
      message: expect.stringContaining('not done within 120 s'),
    });
  });

  test('and asks AWS nothing again while only the fetch is missing, less and less often, up to the resync', async () => {
    const story = new Story();
    const fetch = story.documents.fetch.bind(story.documents);
    story.documents.fetch = async () => {
      throw new Error('the distribution answers 403');
    };
    await story.until(() => story.condition('ProvidersReady')?.reason === 'DocumentsNotServed');
    story.forget();
    const intervals: number[] = [];
    for (let look = 0; look < 8; look++) {
      const { requeueAfter = 0 } = await story.comeBack();
      intervals.push(Math.round(requeueAfter / seconds(1)));
      await story.clock.advance(requeueAfter);
    }
    expect(intervals).toEqual([10, 10, 10, 15, 23, 34, 51, 76]);
    expect(story.aws.calls).toEqual([]);
    story.documents.fetch = fetch;
    await story.comeBack();
    expect(story.condition('Ready')).toMatchObject({ status: 'True' });
  });

  test.each([
    ['does not resolve', 'ENOTFOUND', 'split horizon'],
    ['has no records', 'ENODATA', 'split horizon'],
    ['finds no name server', 'EAI_AGAIN', 'name servers fail or do not answer'],
    ['finds a silent name server', 'ETIMEOUT', 'name servers fail or do not answer'],
    ['finds a failing name server', 'ESERVFAIL', 'name servers fail or do not answer'],
    ['gets no answer', 'ECONNREFUSED', 'if the operator has no way out, set HTTPS_PROXY'],
  ])('and says what the cause may be where the name %s', async (_, code, hint) => {
    const story = new Story();
    story.documents.fetch = async () => {
      throw new Error('the look', { cause: Object.assign(new Error(code), { code }) });
    };
    await story.until(() => story.condition('ProvidersReady')?.reason === 'DocumentsNotServed');
    expect(story.condition('ProvidersReady')?.message).toContain(hint);
    expect(story.condition('ProvidersReady')?.message).toContain('issuerCheck.mode: Skip');
    story.forget();
    for (let minute = 0; minute < 15; minute++) {
      await story.clock.advance(minutes(1));
      await story.reconcile();
      expect(story.saidReasons.length > 0).toBe(minute >= 9);
    }
    expect(new Set(story.saidReasons)).toEqual(new Set(['DocumentsNotServed']));
  });

  test('and says so ten minutes after that began, whatever was bad before', async () => {
    const story = new Story();
    story.aws.failNext('CreateOpenIDConnectProvider', new ServiceError('AccessDenied', 403));
    await story.until(() => story.condition('ProvidersReady')?.reason === 'AccessDenied');
    expect(story.condition('ProvidersReady')).toMatchObject({ status: 'False', reason: 'AccessDenied' });
    await story.clock.advance(minutes(60));
    story.documents.fetch = async () => {
      throw new Error('the distribution answers 403');
    };
    for (let minute = 0; minute <= 10; minute++) {
      story.forget();
      await story.reconcile();
      expect(story.saidReasons.includes('DocumentsNotServed')).toBe(minute === 10);
      await story.clock.advance(minutes(1));
    }
  });

  test('and does not speak of split horizon where CloudFront’s own name is not known yet', async () => {
    const story = new Story(both);
    const fetch = story.documents.fetch.bind(story.documents);
    story.documents.fetch = async (url, jwksURI) => {
      if (!url.endsWith('.cloudfront.net')) return fetch(url, jwksURI);
      throw new Error('the look', { cause: Object.assign(new Error('ENOTFOUND'), { code: 'ENOTFOUND' }) });
    };
    await story.until(() => story.condition('ProvidersReady')?.reason === 'DocumentsNotServed');
    expect(story.condition('ProvidersReady')?.message).toMatch(/the look$/);
  });

  test('while IAM itself cannot fetch them', async () => {
    const story = new Story();
    story.aws.failNext('CreateOpenIDConnectProvider', new ServiceError('OpenIdIdpCommunicationErrorException', 400));
    await story.until(() => story.condition('ProvidersReady')?.reason === 'DocumentsNotServed');
    expect(story.status.providers).toBeUndefined();
    await story.untilReady();
  });
});

test('leaves the look to IAM where the configuration says so, and says that', async () => {
  const story = new Story();
  Object.assign(story.settings, { issuerCheck: { mode: 'Skip' } });
  story.documents.fetch = async () => {
    throw new Error('must not be fetched');
  };
  await story.untilReady();
  expect(providers(story).size).toBe(1);
  expect(story.condition('Verified')).toMatchObject({ status: 'True', message: expect.stringContaining('Skip') });
});

test('repairs audiences and tags, and keeps the tags of others', async () => {
  const story = new Story({ tags: { team: 'web' } });
  await story.untilReady();
  Object.assign(provider(story), { audiences: new Set(['evil.example.com']) });
  Object.assign(provider(story).tags, { team: 'ops', other: 'kept' });
  await story.untilReady();
  expect(provider(story)).toMatchObject({
    audiences: new Set(['sts.amazonaws.com']),
    tags: { team: 'web', other: 'kept', ...owner },
  });
});

test('registers again what somebody deleted', async () => {
  const story = new Story();
  await story.untilReady();
  providers(story).clear();
  await story.untilReady();
  expect([...providers(story).keys()]).toEqual([arn]);
});

test.each([
  ['without tags', {}],
  ['of another installation', someoneElse],
  ['that another object may adopt', { 'irsa.giantswarm.io/adopt': 'OIDCIssuer/default/other' }],
])('never changes a provider of its URL %s', async (_, tags) => {
  const story = new Story();
  await story.untilReady();
  await story.clock.advance(minutes(2));
  story.adoptMe();
  Object.assign(provider(story), { tags, audiences: new Set(['theirs']) });
  story.forget();
  await story.reconcile();
  expect(story.condition('ProvidersReady')).toMatchObject({ status: 'False', reason: 'NotOwned' });
  expect(story.aws.writes).toEqual([]);
  story.loseStatus();
  await story.untilReady().catch(() => undefined);
  expect(story.condition('ProvidersReady')).toMatchObject({ status: 'False', reason: 'NotOwned' });
  expect(provider(story)).toMatchObject({ tags, audiences: new Set(['theirs']) });
  story.delete();
  await story.untilGone();
  expect(provider(story)).toMatchObject({ tags, audiences: new Set(['theirs']) });
  expect(story.saidReasons).toContain('LeftAlone');
});
