import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { CreateRoleCommand, UpdateAssumeRolePolicyCommand } from '@aws-sdk/client-iam';
import { AssumeRoleWithWebIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import {
  account,
  alias,
  HandMadeIssuer,
  issuerURL,
  region,
  SigningKey,
  trustPolicy,
  withoutManagedPolicies,
} from './edge-fixture.ts';
import { startAws, type TestAws } from './edge-start.ts';

let aws: TestAws, issuer: HandMadeIssuer;
beforeAll(async () => {
  aws = await startAws(withoutManagedPolicies);
});
afterAll(() => aws?.stop());
beforeEach(async () => {
  await aws.front.reset();
  issuer = await HandMadeIssuer.create(aws.front);
  await issuer.register();
  const AssumeRolePolicyDocument = trustPolicy('system:serviceaccount:default:s3-reader');
  await issuer.aws.iam.send(new CreateRoleCommand({ RoleName: 's3-reader', Path: '/irsa/', AssumeRolePolicyDocument }));
});

const roleARN = `arn:aws:iam::${account}:role/irsa/s3-reader`;

interface Change {
  readonly RoleArn?: string;
  readonly RoleSessionName?: string;
  readonly DurationSeconds?: number;
}

/** Unsigned, as the SDK in a pod sends it. */
function exchange(token: string, change: Change = {}) {
  const sts = new STSClient({ endpoint: aws.front.url, region, maxAttempts: 1 });
  const request = { RoleArn: roleARN, RoleSessionName: 'pod', WebIdentityToken: token, ...change };
  return sts.send(new AssumeRoleWithWebIdentityCommand(request));
}

/** Name and message of the error that the exchange ends with. */
const refusal = async (token: string | Promise<string>, change?: Change) =>
  exchange(await token, change).then(
    () => 'credentials',
    (error: Error) => `${error.name}: ${error.message}`,
  );

test('a good token is exchanged for credentials of the role, for an hour', async () => {
  const answer = await exchange(await issuer.key.token());
  expect(answer).toMatchObject({
    SubjectFromWebIdentityToken: 'system:serviceaccount:default:s3-reader',
    Audience: 'sts.amazonaws.com',
    Provider: issuerURL,
    AssumedRoleUser: { Arn: `arn:aws:sts::${account}:assumed-role/s3-reader/pod` },
    Credentials: { AccessKeyId: expect.stringMatching(/^ASIA/) },
  });
  const minutes = ((answer.Credentials?.Expiration?.getTime() ?? 0) - Date.now()) / 60_000;
  expect(Math.round(minutes)).toBe(60);
  expect(aws.front.calls.at(-1)).toMatchObject({ operation: 'AssumeRoleWithWebIdentity', write: false, status: 200 });
});

describe('no credentials for a token', () => {
  const now = Math.floor(Date.now() / 1000);
  const audience = /^InvalidIdentityTokenException: Incorrect token audience/;
  const unregistered = /^InvalidIdentityTokenException: No OpenIDConnect provider found/;
  test.each([
    ['for another service account', { sub: 'system:serviceaccount:default:other' }, /^AccessDenied: /],
    ['for another namespace', { sub: 'system:serviceaccount:kube-system:s3-reader' }, /^AccessDenied: /],
    ['for another audience', { aud: 'kubernetes' }, audience],
    ['for several audiences', { aud: ['sts.amazonaws.com', 'kubernetes'] }, audience],
    ['of an issuer that nobody registered', { iss: 'https://other.example.com' }, unregistered],
    ['of an issuer spelt with a slash at its end', { iss: `${issuerURL}/` }, unregistered],
    ['that has expired', { iat: now - 7200, exp: now - 3600 }, /^ExpiredTokenException: /],
  ])('%s', async (_, change, reason) => {
    expect(await refusal(issuer.key.token(change))).toMatch(reason);
  });

  test.each(['exp', 'iat', 'sub'])('without %s', async (claim) => {
    expect(await refusal(issuer.key.token({ [claim]: undefined }))).toMatch(
      new RegExp(`^InvalidIdentityTokenException: .*missing required "${claim}" claim`),
    );
  });
  test('of more than 20000 characters', async () => {
    expect(await refusal(issuer.key.token({ padding: 'x'.repeat(15_000) }))).toMatch(
      /^InvalidIdentityTokenException: the token is longer than 20000 characters/,
    );
  });
  test('that is none', async () => {
    expect(await refusal('not.a.token')).toMatch(
      /^InvalidIdentityTokenException: The ID Token provided is not a valid JWT/,
    );
  });
  test('with a signature algorithm that STS does not take', async () => {
    const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
    const [, claims] = (await issuer.key.token()).split('.');
    expect(await refusal(`${encode({ alg: 'none' })}.${claims}.`)).toMatch(
      /^InvalidIdentityTokenException: none is not a signature algorithm/,
    );
  });
  test('that another key signed under the same name', async () => {
    expect(await refusal((await SigningKey.generate('first')).token())).toMatch(
      /^InvalidIdentityTokenException: .*signature verification failed/,
    );
  });
  test('whose key is not published', async () => {
    await issuer.publish([(await SigningKey.generate('second')).jwk]);
    expect(await refusal(issuer.key.token())).toMatch(/^InvalidIdentityTokenException: .*no applicable key found/);
  });
});

describe('no credentials where the issuer', () => {
  test('is not found any more', async () => {
    await issuer.point('DELETE', issuer.distribution.domainName);
    expect(await refusal(issuer.key.token())).toMatch(/^IDPCommunicationErrorException: .*502/);
  });
  test('does not let its documents be read', async () => {
    await issuer.letRead('arn:aws:cloudfront::111122223333:distribution/OTHER');
    expect(await refusal(issuer.key.token())).toMatch(
      /^InvalidIdentityTokenException: Couldn't retrieve verification key.*answers 403/,
    );
  });
  test('publishes no keys', async () => {
    await issuer.publish([]);
    expect(await refusal(issuer.key.token())).toMatch(
      /^InvalidIdentityTokenException: Couldn't retrieve verification key.*0 keys/,
    );
  });
  test.each([
    ['RSA', () => issuer.key.jwk],
    ['EC', () => ({ kty: 'EC', crv: 'P-256', x: 'x', y: 'y' })],
  ])('publishes more than 100 keys of %s', async (_, jwk) => {
    const others = Array.from({ length: 101 }, (_, index) => ({ ...jwk(), kid: `other-${index}` }));
    await issuer.publish([issuer.key.jwk, ...others]);
    expect(await refusal(issuer.key.token())).toMatch(
      /^InvalidIdentityTokenException: Couldn't retrieve verification key.*1 to 100 of RSA and EC/,
    );
  });
  test.each(['.well-known/openid-configuration', 'keys.json'])('publishes no JSON as %s', async (key) => {
    await issuer.put(key, '<html>');
    expect(await refusal(issuer.key.token())).toMatch(
      /^InvalidIdentityTokenException: Couldn't retrieve verification key.*is no JSON/,
    );
  });
  test.each([
    ['names another issuer', { issuer: `https://${alias}/` }, /names the issuer https/],
    ['does not say what STS wants to know', { response_types_supported: undefined }, /lacks response_types_supported/],
    ['has its keys where there is no TLS', { jwks_uri: `http://${alias}/keys.json` }, /not https/],
  ])('%s', async (_, change, reason) => {
    await issuer.publish([issuer.key.jwk], change);
    expect(await refusal(issuer.key.token())).toMatch(reason);
  });
});

describe('no credentials for a role', () => {
  test('that does not exist, and not a word about that', async () => {
    expect(await refusal(issuer.key.token(), { RoleArn: `${roleARN}-2` })).toMatch(/^AccessDenied/);
  });
  test('by a path that it has not', async () => {
    expect(await refusal(issuer.key.token(), { RoleArn: `arn:aws:iam::${account}:role/s3-reader` })).toMatch(
      /^AccessDenied/,
    );
  });
  test('in an account where the issuer is not registered', async () => {
    const RoleArn = 'arn:aws:iam::444455556666:role/s3-reader';
    const { iam } = await issuer.aws.in('444455556666');
    await iam.send(new CreateRoleCommand({ RoleName: 's3-reader', AssumeRolePolicyDocument: trustPolicy('x') }));
    expect(await refusal(issuer.key.token(), { RoleArn })).toMatch(
      /^InvalidIdentityTokenException: No OpenIDConnect provider found/,
    );
  });
  test('whose trust policy was changed a moment ago', async () => {
    expect(await refusal(issuer.key.token())).toBe('credentials');
    const PolicyDocument = trustPolicy('system:serviceaccount:default:other');
    await issuer.aws.iam.send(new UpdateAssumeRolePolicyCommand({ RoleName: 's3-reader', PolicyDocument }));
    expect(await refusal(issuer.key.token())).toMatch(/^AccessDenied/);
  });
  test.each([
    ['whose ARN is that of a user', { RoleArn: `arn:aws:iam::${account}:user/s3-reader` }, 'is not the ARN of a role'],
    ['whose ARN has no account', { RoleArn: 'arn:aws:iam:::role/irsa/s3-reader' }, 'is not the ARN of a role'],
    ['by a session name with a space', { RoleSessionName: 'my pod' }, 'is not a session name'],
    ['by a session name of one character', { RoleSessionName: 'p' }, 'is not a session name'],
    ['by a session name of 65 characters', { RoleSessionName: 'p'.repeat(65) }, 'is not a session name'],
  ])('%s', async (_, change, reason) => {
    expect(await refusal(issuer.key.token(), change)).toMatch(new RegExp(`^ValidationError: .*${reason}`));
  });
  test('for longer than its sessions may last', async () => {
    expect(await refusal(issuer.key.token(), { DurationSeconds: 3601 })).toMatch(/^ValidationError/);
    expect(await refusal(issuer.key.token(), { DurationSeconds: 60 })).toMatch(/^ValidationError/);
  });
});
