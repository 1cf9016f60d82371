import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  type DistributionConfig,
  GetDistributionConfigCommand,
  PublishFunctionCommand,
} from '@aws-sdk/client-cloudfront';
import {
  DeleteBucketCommand,
  DeleteBucketPolicyCommand,
  DeleteObjectCommand,
  type PublicAccessBlockConfiguration,
  PutBucketPolicyCommand,
  PutObjectCommand,
  PutPublicAccessBlockCommand,
} from '@aws-sdk/client-s3';
import { discoveryFunction } from '../../../src/oidc/discovery-function.ts';
import { account, alias, bucket, HandMadeIssuer, issuerURL, region, withoutManagedPolicies } from './edge-fixture.ts';
import { startAws, type TestAws } from './edge-start.ts';
import { makeFunction } from './rules/function-samples.ts';
import { finishDeployments, updateDistribution } from './rules/samples.ts';

let aws: TestAws, issuer: HandMadeIssuer;
beforeAll(async () => {
  aws = await startAws(withoutManagedPolicies);
});
afterAll(() => aws?.stop());
beforeEach(async () => {
  await aws.front.reset();
  issuer = await HandMadeIssuer.create(aws.front);
});

const keys = `${issuerURL}/keys.json`;
const keysStatus = async () => (await aws.edge.fetch(keys)).status;

const update = (fields: Partial<DistributionConfig>) => updateDistribution(issuer.aws, issuer.distribution.id, fields);

const remove = (Key: string) => issuer.aws.s3.send(new DeleteObjectCommand({ Bucket: bucket, Key }));

/** The origin of the issuer's distribution with a change. */
const origins = (change: object) => {
  const origin = { Id: 'bucket', DomainName: `${bucket}.s3.${region}.amazonaws.com`, ...change };
  return { Quantity: 1, Items: [{ S3OriginConfig: { OriginAccessIdentity: '' }, ...origin }] };
};

test('serves the private bucket under the alias', async () => {
  const page = await aws.edge.fetch(`${issuerURL}/.well-known/openid-configuration`);
  expect(page).toMatchObject({ status: 200, headers: { 'content-type': 'application/json' } });
  expect(JSON.parse(page.body)).toMatchObject({ issuer: issuerURL, jwks_uri: keys });
});

test("serves it under the distribution's own name", async () => {
  expect((await aws.edge.fetch(`https://${issuer.distribution.domainName}/keys.json`)).status).toBe(200);
});

describe('a function before the cache', () => {
  async function put(code: string): Promise<void> {
    const { etag, arn } = await makeFunction(issuer.aws, 'one', code);
    await issuer.aws.cloudFront.send(new PublishFunctionCommand({ Name: 'one', IfMatch: etag }));
    const { DistributionConfig: config } = await issuer.aws.cloudFront.send(
      new GetDistributionConfigCommand({ Id: issuer.distribution.id }),
    );
    const FunctionAssociations = { Quantity: 1, Items: [{ EventType: 'viewer-request' as const, FunctionARN: arn }] };
    const DefaultCacheBehavior = config?.DefaultCacheBehavior && {
      ...config.DefaultCacheBehavior,
      FunctionAssociations,
    };
    await update(DefaultCacheBehavior ? { DefaultCacheBehavior } : {});
  }
  const own = () => `https://${issuer.distribution.domainName}`;
  const discovery = async (url: string) => aws.edge.fetch(`${url}/.well-known/openid-configuration`);

  test('answers by the name under which it is asked', async () => {
    await put(discoveryFunction());
    for (const url of [issuerURL, own()])
      expect(JSON.parse((await discovery(url)).body)).toMatchObject({ issuer: url, jwks_uri: `${url}/keys.json` });
    expect(await discovery(own())).toMatchObject({ status: 200, headers: { 'content-type': 'application/json' } });
    expect((await aws.edge.fetch(`${own()}/keys.json`)).body).toBe((await aws.edge.fetch(keys)).body);
  });

  test('may send a request to another path', async () => {
    await put("function handler({ request }) { request.uri = '/keys.json'; return request; }");
    expect((await discovery(issuerURL)).body).toBe((await aws.edge.fetch(keys)).body);
  });

  test.each([
    ['fails', 'function handler() { throw new Error(); }'],
    ['runs too long', 'function handler() { for (;;); }'],
    ['looks for Node.js', 'function handler(event) { process.exit(1); return event.request; }'],
    ['makes code out of text', "function handler(event) { eval('1'); return event.request; }"],
    ['returns neither a request nor a response', 'function handler(event) { return event; }'],
    [
      'names a header in upper case',
      "function handler() { return { statusCode: 200, headers: { A: { value: '' } } }; }",
    ],
  ])('that %s is answered with 503', async (_, code) => {
    await put(code);
    expect((await discovery(issuerURL)).status).toBe(503);
  });
});

test('shows at once what was written', async () => {
  await aws.edge.fetch(keys);
  await issuer.put('keys.json', '{"keys":[]}');
  expect((await aws.edge.fetch(keys)).body).toBe('{"keys":[]}');
});

test('does not serve what a key of KMS encrypts, which the distribution may not use', async () => {
  const encrypted = { Bucket: bucket, Key: 'keys.json', Body: '{"keys":[]}', ServerSideEncryption: 'aws:kms' } as const;
  await issuer.aws.s3.send(new PutObjectCommand(encrypted));
  expect(await keysStatus()).toBe(403);
});

test('keeps what it fetched where caching is not disabled', async () => {
  const CachePolicyId = '658327ea-f89d-4fab-a63d-7e88639e58f6';
  const behavior = { TargetOriginId: 'bucket', ViewerProtocolPolicy: 'https-only', CachePolicyId } as const;
  await update({ DefaultCacheBehavior: behavior });
  const before = await aws.edge.fetch(keys);
  await issuer.put('keys.json', '{"keys":[]}');
  expect((await aws.edge.fetch(keys)).body).toBe(before.body);
});

test('leads to no other host', async () => {
  await expect(aws.edge.fetch('https://sts.amazonaws.com/')).rejects.toThrow('502');
  await expect(aws.edge.fetch('https://d0000.cloudfront.net/')).rejects.toThrow('502');
});

test('reads by an origin access identity as long as the bucket lets that in', async () => {
  const OriginAccessIdentity = 'origin-access-identity/cloudfront/E2OLDER';
  await update({ Origins: origins({ OriginAccessControlId: '', S3OriginConfig: { OriginAccessIdentity } }) });
  expect(await keysStatus()).toBe(403);
  await issuer.letReadBy('E2OLDER');
  expect(await keysStatus()).toBe(200);
  await issuer.letReadBy('E2OTHER');
  expect(await keysStatus()).toBe(403);
});

describe('an alias leads nowhere', () => {
  test('without its record', async () => {
    await issuer.point('DELETE', issuer.distribution.domainName);
    await expect(aws.edge.fetch(keys)).rejects.toThrow('502');
  });
  test('whose record points elsewhere', async () => {
    await issuer.point('UPSERT', 'd0000.cloudfront.net');
    await expect(aws.edge.fetch(keys)).rejects.toThrow('502');
  });
  test('that the distribution does not list', async () => {
    await update({ Aliases: { Quantity: 0 } });
    await expect(aws.edge.fetch(keys)).rejects.toThrow('502');
  });
});

test('shows a certificate that nobody trusts for an alias which the distribution has none for', async () => {
  aws.front.state.certificates.clear();
  await expect(aws.edge.fetch(keys)).rejects.toThrow(`Host: ${alias}. is not in the cert's altnames`);
});

test('serves as before while a change is being deployed', async () => {
  aws.front.state.timing.deployMillis = 3_600_000;
  await update({ Origins: origins({ OriginPath: '/elsewhere' }) });
  await update({ Enabled: false });
  expect(await keysStatus()).toBe(200);
  finishDeployments(aws.front);
  expect(await keysStatus()).toBe(403);
});

describe('is refused', () => {
  test('while the distribution is being deployed for the first time', async () => {
    for (const distribution of aws.front.state.distributions.values()) distribution.deployedAt = Date.now() + 3_600_000;
    expect(await keysStatus()).toBe(403);
    finishDeployments(aws.front);
    expect(await keysStatus()).toBe(200);
  });
  test('while the distribution is disabled', async () => {
    await update({ Enabled: false });
    expect(await keysStatus()).toBe(403);
  });
  test('where the bucket has no policy', async () => {
    await issuer.aws.s3.send(new DeleteBucketPolicyCommand({ Bucket: bucket }));
    expect(await keysStatus()).toBe(403);
  });
  test('where the policy lets in another distribution', async () => {
    await issuer.letRead(`${issuer.distribution.arn}X`);
    const page = await aws.edge.fetch(keys);
    expect(page.status).toBe(403);
    expect(page.body).toContain('<Code>AccessDenied</Code>');
  });
  test('where the origin does not sign its requests', async () => {
    await update({ Origins: origins({ OriginAccessControlId: '' }) });
    expect(await keysStatus()).toBe(403);
  });
  test('where the origin is the endpoint of another region', async () => {
    await update({ Origins: origins({ DomainName: `${bucket}.s3.eu-west-1.amazonaws.com` }) });
    expect(await keysStatus()).toBe(301);
  });
  test('for an object that is not there, which only those learn who may list', async () => {
    await remove('keys.json');
    expect(await keysStatus()).toBe(403);
    await issuer.letRead(issuer.distribution.arn, 's3:ListBucket');
    expect(await keysStatus()).toBe(404);
  });
  test('where the bucket is gone', async () => {
    await remove('keys.json');
    await remove('.well-known/openid-configuration');
    await issuer.aws.s3.send(new DeleteBucketCommand({ Bucket: bucket }));
    expect(await keysStatus()).toBe(404);
  });
});

test('is what HTTPS_PROXY and NODE_EXTRA_CA_CERTS lead another program to', async () => {
  const program = `console.log((await (await fetch('${keys}')).json()).keys[0].kid)`;
  const env = { HTTPS_PROXY: aws.edge.url, NODE_EXTRA_CA_CERTS: aws.ca.certificateFile, NODE_USE_ENV_PROXY: '1' };
  const node = promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], { env });
  expect((await node).stdout).toBe('first\n');
});

describe('an issuer is reachable', () => {
  test('when its documents can be fetched', async () => {
    expect(await aws.edge.reachable(issuerURL)).toBe(true);
  });
  test('not without a discovery document', async () => {
    await remove('.well-known/openid-configuration');
    expect(await aws.edge.reachable(issuerURL)).toBe(false);
  });
  test('not when its name leads nowhere', async () => {
    expect(await aws.edge.reachable('https://elsewhere.example.com')).toBe(false);
  });
});

describe("S3's public endpoint", () => {
  const url = `https://s3.${region}.amazonaws.com/${bucket}/keys.json`;
  const status = async (page = url) => (await aws.edge.fetch(page)).status;
  const blocks = { BlockPublicAcls: true, IgnorePublicAcls: true };

  async function open(change: PublicAccessBlockConfiguration = {}): Promise<void> {
    const { s3 } = issuer.aws;
    const PublicAccessBlockConfiguration = { ...blocks, BlockPublicPolicy: false };
    await s3.send(new PutPublicAccessBlockCommand({ Bucket: bucket, PublicAccessBlockConfiguration }));
    const arn = `arn:aws:s3:::${bucket}`;
    const Statement = [
      { Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: `${arn}/keys.json` },
      {
        Effect: 'Deny',
        Principal: '*',
        Action: 's3:*',
        Resource: `${arn}/*`,
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      },
    ];
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
    await s3.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy }));
    const asAsked = { ...PublicAccessBlockConfiguration, RestrictPublicBuckets: false, ...change };
    await s3.send(new PutPublicAccessBlockCommand({ Bucket: bucket, PublicAccessBlockConfiguration: asAsked }));
  }

  test('serves what the policy lets everybody read, and nothing else', async () => {
    await open();
    expect((await aws.edge.fetch(url)).body).toContain('"keys"');
    expect(await status(`https://s3.${region}.amazonaws.com/${bucket}/.well-known/openid-configuration`)).toBe(403);
    expect(await status(`https://s3.${region}.amazonaws.com/nobody-has-it/keys.json`)).toBe(404);
    expect(await status(`https://s3.eu-west-1.amazonaws.com/${bucket}/keys.json`)).toBe(301);
  });

  test('serves nothing of a bucket that only distributions may read', async () => {
    expect(await status()).toBe(403);
  });

  test('serves nothing where the bucket restricts public policies', async () => {
    await open({ RestrictPublicBuckets: true });
    expect(await status()).toBe(403);
  });

  test('serves nothing where the account restricts them, and takes no public policy there', async () => {
    await open();
    aws.front.state.blockedAccounts.add(account);
    expect(await status()).toBe(403);
    await expect(open()).rejects.toThrow('BlockPublicPolicy');
  });
});

test('serves what a test put elsewhere', async () => {
  aws.front.state.elsewhere.set('oidc.example.org', new Map([['/id/keys', '{"keys":[]}']]));
  expect(await aws.edge.fetch('https://oidc.example.org/id/keys')).toMatchObject({ status: 200, body: '{"keys":[]}' });
  expect((await aws.edge.fetch('https://oidc.example.org/')).status).toBe(404);
});
