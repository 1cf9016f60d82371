import { beforeEach, expect, test } from '@jest/globals';
import { isAlreadyExists, isUnreachable } from '../../../src/aws/errors.ts';
import type { OidcProviders } from '../../../src/aws/providers.ts';
import { FakeAws, ServiceError } from '../../fakes/aws/index.ts';
import { failure } from './failure.ts';

const spec = { url: 'https://irsa.example.com', audiences: ['sts.amazonaws.com'], tags: { owner: 'x' } };
const arn = 'arn:aws:iam::111122223333:oidc-provider/irsa.example.com';

let aws: FakeAws;
let providers: OidcProviders;
beforeEach(async () => {
  aws = new FakeAws();
  providers = (await aws.connect()).providers;
});

test('is registered in one write, without thumbprints, under an ARN that is known before', async () => {
  expect(providers.arn(spec.url)).toBe(arn);
  expect(await providers.create(spec)).toBe(arn);

  expect(aws.writes).toEqual(['CreateOpenIDConnectProvider']);
  expect(aws.reads).toEqual([]);
  expect(Object.keys(aws.calls.at(-1)?.input ?? {})).not.toContain('ThumbprintList');
});

test('keeps the path of an issuer in its ARN', () => {
  expect(providers.arn('https://s3.eu-central-1.amazonaws.com/bucket')).toBe(
    'arn:aws:iam::111122223333:oidc-provider/s3.eu-central-1.amazonaws.com/bucket',
  );
});

test('has an ARN of its partition', async () => {
  const china = await new FakeAws({ region: 'cn-north-1' }).connect();
  expect(china.providers.arn(spec.url)).toBe('arn:aws-cn:iam::111122223333:oidc-provider/irsa.example.com');
});

test('is read back with its scheme', async () => {
  await providers.create(spec);
  expect(await providers.find(arn)).toEqual({ arn, ...spec, createdAt: expect.any(Date) });
  expect(await providers.find(`${arn}/other`)).toBeUndefined();
});

test('says that the URL is registered', async () => {
  await providers.create(spec);
  expect(isAlreadyExists(await failure(providers.create(spec)))).toBe(true);
});

test('says that IAM cannot fetch the issuer', async () => {
  aws.failNext('CreateOpenIDConnectProvider', new ServiceError('OpenIdIdpCommunicationErrorException', 400));
  expect(isUnreachable(await failure(providers.create(spec)))).toBe(true);
});

test('gets new audiences before old ones go', async () => {
  await providers.create(spec);
  aws.forgetCalls();
  await providers.update(arn, {
    addAudiences: ['new'],
    removeAudiences: ['sts.amazonaws.com'],
    tags: { set: {}, remove: [] },
  });

  expect(aws.writes).toEqual(['AddClientIDToOpenIDConnectProvider', 'RemoveClientIDFromOpenIDConnectProvider']);
  expect((await providers.find(arn))?.audiences).toEqual(['new']);
});

test('keeps foreign tags when its own are set', async () => {
  await providers.create({ ...spec, tags: { owner: 'x', foreign: 'y' } });
  await providers.update(arn, {
    addAudiences: [],
    removeAudiences: [],
    tags: { set: { owner: 'w', own: 'v' }, remove: [] },
  });
  await providers.update(arn, { addAudiences: [], removeAudiences: [], tags: { set: {}, remove: ['own'] } });

  expect((await providers.find(arn))?.tags).toEqual({ owner: 'w', foreign: 'y' });
});

test('writes nothing where nothing changes', async () => {
  await providers.update(arn, { addAudiences: [], removeAudiences: [], tags: { set: {}, remove: [] } });
  expect(aws.calls).toHaveLength(1); // GetCallerIdentity
});

test('is deleted, also when it is gone', async () => {
  await providers.create(spec);
  await providers.delete(arn);
  await providers.delete(arn);
  expect(aws.account().providers.size).toBe(0);
});
