import { describe, expect, test } from '@jest/globals';
import { secrets } from '../../../src/api/resources.ts';
import { hours } from '../../../src/runtime/duration.ts';
import { ServiceError } from '../../fakes/aws/service.ts';
import { Migration } from './migrating.ts';
import { issuerURL, newPublicKey, Story } from './story.ts';
import { publicKeys } from '../../../src/oidc/keys.ts';

const jwks = 'keys.json';
const discovery = '.well-known/openid-configuration';

const json = (story: Story, key: string) =>
  JSON.parse(story.bucket.objects.get(key)?.body ?? '') as Record<string, unknown>;
const edit = (story: Story, key: string, body: string) => {
  const object = story.bucket.objects.get(key);
  if (object) Object.assign(object, { body, etag: 'edited', metadata: {} });
};

test('publishes both documents as JSON, the one naming the other', async () => {
  const story = new Story();
  await story.reconcile();
  expect(json(story, discovery)).toMatchObject({ issuer: issuerURL, jwks_uri: `${issuerURL}/keys.json` });
  expect(json(story, jwks)).toEqual({ keys: [{ ...publicKeys(story.pem).keys[0] }] });
  expect([...story.bucket.objects.values()].map(({ contentType }) => contentType)).toEqual([
    'application/json',
    'application/json',
  ]);
});

test('writes a new object only where there is none, and over an old one only as it was read', async () => {
  const story = new Story();
  await story.reconcile();
  const etag = story.bucket.objects.get(jwks)?.etag;
  story.seedSecret('abcl0-sa', { 'tls.crt': newPublicKey() });
  await story.reconcile();
  const puts = story.aws.calls.filter(({ operation, input }) => operation === 'PutObject' && input['Key'] === jwks);
  expect(puts.map(({ input }) => [input['IfNoneMatch'], input['IfMatch']])).toEqual([
    ['*', undefined],
    [undefined, etag],
  ]);
});

test('reads again, soon, where somebody else wrote in the same moment', async () => {
  const story = new Story();
  story.aws.failNext('PutObject', new ServiceError('PreconditionFailed', 412));
  expect(await story.reconcile()).toEqual({ requeueAfter: story.settings.intervals.documents });
  await story.untilReady();
});

test.each([
  ['the kid in keys.json', jwks, (body: string) => body.replace(/"kid": "\w{4}/, '"kid": "ffff')],
  ['the issuer', discovery, (body: string) => body.replace('"issuer": "https://', '"issuer": "https://evil.')],
  ['all of keys.json', jwks, () => 'not JSON'],
])('repairs %s that somebody spoilt', async (_, key, spoil) => {
  const story = new Story();
  await story.reconcile();
  edit(story, key, spoil(story.bucket.objects.get(key)?.body ?? ''));
  await story.reconcile();
  expect(json(story, discovery)).toMatchObject({ issuer: issuerURL });
  expect(story.published).toContain(story.kid);
});

test('repairs a content type that STS may not read', async () => {
  const story = new Story();
  await story.reconcile();
  for (const object of story.bucket.objects.values()) object.contentType = 'text/plain';
  await story.reconcile();
  expect([...story.bucket.objects.values()].map(({ contentType }) => contentType)).toEqual([
    'application/json',
    'application/json',
  ]);
});

test('is served also where the bucket encrypts with a key of KMS by default', async () => {
  const story = new Story();
  await story.untilReady();
  story.bucket.encryption = 'aws:kms';
  story.bucket.objects.clear();
  await story.untilReady();
  expect([...story.bucket.objects.values()].map(({ encryption }) => encryption)).toEqual(['AES256', 'AES256']);
});

describe('a key that left its source', () => {
  const left = async (spec: ConstructorParameters<typeof Story>[0] = {}) => {
    const story = new Story(spec);
    await story.untilReady();
    const other = newPublicKey();
    story.seedSecret('abcl0-sa', { 'tls.crt': other });
    await story.untilReady();
    return { story, other, kid: publicKeys(other).keys[0]?.kid };
  };

  test.each([
    [undefined, 25],
    ['49h30m', 49.5],
  ])(
    'stays published for the keyRetention %p, also if the status is lost, and then goes, which an event says once',
    async (keyRetention, time) => {
      const { story, kid } = await left(keyRetention === undefined ? {} : { keyRetention });
      await story.clock.advance(hours(time) - 1000);
      story.loseStatus();
      await story.untilReady();
      expect(story.published).toEqual([story.kid, kid]);
      story.forget();
      await story.clock.advance(1000);
      await story.untilReady();
      expect(story.published).toEqual([kid]);
      expect(story.status.keys?.map((key) => key.kid)).toEqual([kid]);
      expect(story.said.map(({ type, reason }) => [type, reason])).toEqual([['Normal', 'KeyDropped']]);
      story.forget();
      await story.reconcile();
      expect([story.said, story.aws.writes, story.kube.writes]).toEqual([[], [], []]);
    },
  );

  test.each<[string, (story: Story, other: string) => void]>([
    ['is gone', (story) => story.kube.remove(secrets, { namespace: 'default', name: 'abcl0-sa' })],
    ['is empty', (story) => story.seedSecret('abcl0-sa', { 'tls.crt': '' })],
    ['breaks off', (story, other) => story.seedSecret('abcl0-sa', { 'tls.crt': other + other.slice(0, 60) })],
  ])('does not go while the source %s', async (_, spoil) => {
    const { story, other, kid } = await left();
    spoil(story, other);
    await story.clock.advance(hours(100));
    await story.reconcile();
    expect(story.published).toEqual([story.kid, kid]);
    story.seedSecret('abcl0-sa', { 'tls.crt': other });
    await story.reconcile();
    expect(story.published).toEqual([kid]);
  });

  test('goes from former sites too', async () => {
    const story = await Migration.begun();
    await story.settle();
    const other = newPublicKey();
    story.seedSecret('abcl0-sa', { 'tls.crt': other });
    await story.settle();
    await story.clock.advance(hours(25));
    await story.settle();
    const sets = [...story.bucket.objects].filter(([key]) => key.endsWith(jwks)).map(([, { body }]) => body);
    expect(sets).toHaveLength(2);
    for (const body of sets) expect(JSON.parse(body)).toEqual({ keys: publicKeys(other).keys });
  });
});

test('publishes again what somebody deleted', async () => {
  const story = new Story();
  await story.untilReady();
  story.bucket.objects.clear();
  await story.reconcile();
  expect([...story.bucket.objects.keys()]).toEqual([jwks, discovery]);
});

test('keeps a key that somebody else published, and says so once', async () => {
  const story = new Story();
  await story.untilReady();
  const [stranger] = publicKeys(newPublicKey()).keys;
  edit(story, jwks, JSON.stringify({ keys: [stranger] }));
  await story.reconcile();
  await story.clock.advance(hours(100));
  await story.reconcile();
  expect(story.published).toEqual([stranger?.kid, story.kid]);
  expect(story.said.filter(({ reason }) => reason === 'UnknownKeyPublished')).toEqual([
    expect.objectContaining({ type: 'Warning', message: expect.stringContaining(stranger?.kid ?? '') }),
  ]);
  story.forget();
  await story.reconcile();
  expect(story.said).toEqual([]);
  expect(story.aws.writes).toEqual([]);
});

test('says which key went with the published set, when no source has it any more', async () => {
  const story = new Story();
  await story.untilReady();
  story.seedSecret('abcl0-sa', { 'tls.crt': newPublicKey() });
  story.bucket.objects.delete(jwks);
  await story.reconcile();
  expect(story.said).toContainEqual(
    expect.objectContaining({ reason: 'KeyLost', message: expect.stringContaining(story.kid) }),
  );
});

test('never publishes an empty set, nor loses a key, while the source cannot be read', async () => {
  const story = new Story();
  await story.untilReady();
  for (const entry of ['', 'half a PEM', '-----BEGIN PUBLIC KEY-----\n']) {
    story.seedSecret('abcl0-sa', { 'tls.crt': entry });
    await story.reconcile();
    expect(story.published).toEqual([story.kid]);
  }
});

test('finds the times of its keys again when the status is lost', async () => {
  const story = new Story();
  await story.untilReady();
  await story.clock.advance(3_600_000);
  story.seedSecret('abcl0-sa', { 'tls.crt': newPublicKey() });
  await story.untilReady();
  await story.reconcile();
  const { keys } = story.status;
  expect(keys).toHaveLength(2);
  await story.clock.advance(3_600_000);
  story.loseStatus();
  await story.untilReady();
  expect(story.status.keys).toEqual(keys);
});

const tooMany = (message: RegExp) => ({ reason: 'LimitExceeded', message: expect.stringMatching(message) });

test.each([
  ['publishes as many keys of both kinds as STS reads', 99, 100, { status: 'True' }],
  ['refuses to publish one RSA key more', 100, 0, tooMany(/^101 RSA keys .* at most 100 /)],
  ['refuses to publish one EC key more', 0, 101, tooMany(/^101 EC keys .* at most 100 /)],
])('%s', async (_, rsa, ec, condition) => {
  const story = new Story();
  await story.untilReady();
  const many = (length: number, entry: object) =>
    Array.from({ length }, (_, index) => ({ kid: `${JSON.stringify(entry)}${index}`, ...entry }));
  const keys = [
    ...many(rsa, { kty: 'RSA', n: 'n', e: 'AQAB' }),
    ...many(ec, { kty: 'EC', crv: 'P-256', x: 'x', y: 'y' }),
  ];
  edit(story, jwks, JSON.stringify({ keys }));
  await story.reconcile();
  expect(story.condition('DocumentsPublished')).toMatchObject(condition);
});
