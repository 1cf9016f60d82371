import {
  GetDistributionConfigCommand,
  PublishFunctionCommand,
  UpdateDistributionCommand,
  type CacheBehavior,
  type DistributionConfig,
} from '@aws-sdk/client-cloudfront';
import { ListOpenIDConnectProvidersCommand } from '@aws-sdk/client-iam';
import {
  ChangeResourceRecordSetsCommand,
  CreateHostedZoneCommand,
  DeleteHostedZoneCommand,
  ListHostedZonesCommand,
  ListResourceRecordSetsCommand,
  type Change,
  type ResourceRecordSet,
} from '@aws-sdk/client-route-53';
import { CreateBucketCommand, GetObjectCommand, PutBucketPolicyCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { currentSiteOf } from '../../src/controllers/issuer-contract.ts';
import type { OIDCIssuerStatus } from '../../src/api/generated/oidc-issuer.ts';
import type { Clients } from '../backends/aws/clients.ts';
import { makeFunction } from '../backends/aws/rules/function-samples.ts';
import { freePort } from '../backends/port.ts';
import { rollControlPlane } from '../environment/cluster.ts';
import { Environment } from '../environment/environment.ts';
import { until } from '../environment/wait.ts';
import { domain, oidcIssuer } from './objects.ts';
import { ownAccountID, Workspace } from './workspace.ts';

jest.setTimeout(120_000);

const name = 'abcl0';
const alias = `irsa.${name}.k8s.${domain}`;
const evilKey = { kid: 'evil', use: 'sig', alg: 'RS256', kty: 'RSA', n: 'modulus', e: 'AQAB' };

let environment: Environment;
let workspace: Workspace;
let account: Clients;
let metricsPort: number;
/** AWS denies an update that takes what is evil away. */
let repairIsDenied = false;

beforeAll(async () => {
  environment = await Environment.start();
  await environment.install();
  const { front } = environment;
  const judge = front.authorize;
  front.authorize = async (request, credential) => {
    const repairs = request.operation === 'UpdateDistribution' && !JSON.stringify(request.xml).includes('evil');
    return repairIsDenied && repairs ? { message: 'denied by the test' } : judge(request, credential);
  };
  workspace = await Workspace.create(environment, 'org-acme');
  account = await workspace.account(ownAccountID);
  metricsPort = await freePort();
  await environment.startOperator({ intervals: { resync: '1s' }, metrics: { port: metricsPort } });
  await workspace.apply(oidcIssuer(name));
  await workspace.ready(`oidcissuer/${name}`);
});

afterAll(() => environment?.stop());

async function providers(): Promise<number> {
  const { OpenIDConnectProviderList = [] } = await account.iam.send(new ListOpenIDConnectProvidersCommand({}));
  return OpenIDConnectProviderList.length;
}

const condition = (type: string, reason: string) => workspace.condition('oidcissuer', name, { type, reason });

async function distribution() {
  const { status } = await workspace.get<OIDCIssuerStatus>('oidcissuer', name);
  const Id = currentSiteOf(status)?.distribution?.id;
  const { DistributionConfig, ETag } = await account.cloudFront.send(new GetDistributionConfigCommand({ Id }));
  if (!DistributionConfig) throw new Error('there is no distribution');
  return { Id, IfMatch: ETag, DistributionConfig };
}

test('metrics tell when the issuer was last verified, and the operator is ready', async () => {
  const ask = (path: string) => fetch(`http://127.0.0.1:${metricsPort}${path}`);
  expect((await ask('/healthz')).status).toBe(200);
  expect((await ask('/readyz')).status).toBe(200);
  const text = await (await ask('/metrics')).text();
  const labels = `{namespace="org-acme",name="${name}"}`;
  const value = (metric: string) =>
    Number(
      text
        .split('\n')
        .find((line) => line.startsWith(`${metric} `))
        ?.slice(metric.length),
    );
  expect(Math.abs(value(`irsa_issuer_verified_timestamp_seconds${labels}`) - Date.now() / 1000)).toBeLessThan(60);
  expect(value(`irsa_certificate_not_after_timestamp_seconds${labels}`)).toBeGreaterThan(Date.now() / 1000);
  expect(value('irsa_reconcile_total{kind="OIDCIssuer",result="success"}')).toBeGreaterThan(0);
  const created = 'irsa_aws_calls_total{service="iam",operation="CreateOpenIDConnectProvider",result="success"}';
  expect(value(created)).toBe(1);
});

describe('a key set that another origin answers', () => {
  beforeAll(async () => {
    const Bucket = 'evil-keys';
    const CreateBucketConfiguration = { LocationConstraint: 'eu-central-1' } as const;
    await account.s3.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration }));
    const Principal = { Service: 'cloudfront.amazonaws.com' };
    const Statement = [{ Effect: 'Allow', Principal, Action: 's3:GetObject', Resource: `arn:aws:s3:::${Bucket}/*` }];
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
    await account.s3.send(new PutBucketPolicyCommand({ Bucket, Policy }));
    const Body = JSON.stringify({ keys: [evilKey] });
    await account.s3.send(new PutObjectCommand({ Bucket, Key: 'keys.json', Body }));
    // CloudFront takes only a published function: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/associate-function.html
    const { etag } = await makeFunction(account, 'evil');
    await account.cloudFront.send(new PublishFunctionCommand({ Name: 'evil', IfMatch: etag }));
  });

  async function addBehavior(): Promise<void> {
    const found = await distribution();
    await account.cloudFront.send(
      new UpdateDistributionCommand({ ...found, DistributionConfig: withEvilBehavior(found.DistributionConfig) }),
    );
  }

  test('is repaired', async () => {
    await addBehavior();
    await until('the repair', async () => {
      const { DistributionConfig } = await distribution();
      return DistributionConfig.CacheBehaviors?.Quantity === 0 && DistributionConfig.Origins?.Quantity === 1
        ? true
        : undefined;
    });
    await condition('DistributionReady', 'Provisioned');
    await workspace.ready(`oidcissuer/${name}`);
    // A pass that read the distribution just before the change sees the other keys, and withdraws the provider for a moment.
    await until('the provider', async () => ((await providers()) === 1 ? true : undefined));
  });

  test.each<[string, Partial<DistributionConfig> | ((config: DistributionConfig) => Partial<DistributionConfig>)]>([
    [
      'a function',
      (config) =>
        behaving(config, {
          FunctionAssociations: one({
            FunctionARN: `arn:aws:cloudfront::${ownAccountID}:function/evil`,
            EventType: 'viewer-request',
          }),
        }),
    ],
    ['key groups', (config) => behaving(config, { TrustedKeyGroups: { Enabled: true, ...one('key-group') } })],
    ['countries', { Restrictions: { GeoRestriction: { RestrictionType: 'whitelist', ...one('DE') } } }],
    [
      'another page for errors',
      {
        CustomErrorResponses: one({
          ErrorCode: 403,
          ResponsePagePath: '/evil',
          ResponseCode: '200',
          ErrorCachingMinTTL: 1,
        }),
      },
    ],
  ])('is repaired, and so is what else decides who answers: %s', async (_, change) => {
    const found = await distribution();
    const before = found.DistributionConfig;
    const DistributionConfig = { ...before, ...(typeof change === 'function' ? change(before) : change) };
    await account.cloudFront.send(new UpdateDistributionCommand({ ...found, DistributionConfig }));
    expect((await distribution()).DistributionConfig).not.toEqual(before);
    await until('the repair', async () =>
      isDeepStrictEqual((await distribution()).DistributionConfig, before) ? true : undefined,
    );
    await condition('DistributionReady', 'Provisioned');
    expect(await providers()).toBe(1);
  });

  test('with our key id and another key withdraws the provider too', async () => {
    const published = await publishedKeys();
    const Body = JSON.stringify({ keys: published.map((key) => ({ ...key, n: evilKey.n })) });
    await account.s3.send(new PutObjectCommand({ Bucket: 'evil-keys', Key: 'keys.json', Body }));
    repairIsDenied = true;
    await addBehavior();
    await condition('Verified', 'NameLost');
    await until('the withdrawal', async () => ((await providers()) === 0 ? true : undefined));
    repairIsDenied = false;
    await condition('Verified', 'Provisioned');
    await workspace.ready(`oidcissuer/${name}`);
    expect(await providers()).toBe(1);
    await account.s3.send(
      new PutObjectCommand({ Bucket: 'evil-keys', Key: 'keys.json', Body: JSON.stringify({ keys: [evilKey] }) }),
    );
  });

  test('withdraws the provider where it cannot be repaired, until it can', async () => {
    repairIsDenied = true;
    await addBehavior();
    const { message } = await condition('Verified', 'NameLost');
    expect(message).toContain('key evil');
    await workspace.event('OIDCIssuer', name, 'ProvidersWithdrawn');
    expect(await providers()).toBe(0);
    repairIsDenied = false;
    await condition('Verified', 'Provisioned');
    await workspace.ready(`oidcissuer/${name}`);
    expect(await providers()).toBe(1);
  });
});

describe('a guess leaves the provider:', () => {
  async function zone() {
    const { HostedZones = [] } = await account.route53.send(new ListHostedZonesCommand({}));
    const HostedZoneId = HostedZones[0]?.Id;
    const { ResourceRecordSets = [] } = await account.route53.send(new ListResourceRecordSetsCommand({ HostedZoneId }));
    return { HostedZoneId, records: ResourceRecordSets };
  }

  async function change(HostedZoneId: string | undefined, Changes: Change[]): Promise<void> {
    await account.route53.send(new ChangeResourceRecordSetsCommand({ HostedZoneId, ChangeBatch: { Changes } }));
  }
  const deletion = (set: ResourceRecordSet): Change => ({ Action: 'DELETE', ResourceRecordSet: set });

  const suspend = async (value: boolean) => {
    await workspace.kubectl([
      'patch',
      'oidcissuer',
      name,
      '--type=merge',
      '-p',
      JSON.stringify({ spec: { suspend: value } }),
    ]);
    await until(`the operator to see suspend: ${value}`, async () => {
      const { metadata, status } = await workspace.get<OIDCIssuerStatus>('oidcissuer', name);
      return status?.observedGeneration === metadata.generation ? true : undefined;
    });
  };

  async function expectKept(type: string, reason: string): Promise<void> {
    await condition(type, reason);
    // For some more passes.
    await condition('Verified', 'NotVerified');
    const { status } = await workspace.get<OIDCIssuerStatus>('oidcissuer', name);
    expect(status?.conditions?.find((each) => each.type === 'Ready')?.status).toBe('False');
    expect(await providers()).toBe(1);
  }

  test('a CNAME in the place of the alias’s records', async () => {
    const { HostedZoneId, records } = await zone();
    const cname: ResourceRecordSet = {
      Name: alias,
      Type: 'CNAME',
      TTL: 60,
      ResourceRecords: [{ Value: 'elsewhere.example.net' }],
    };
    const old = records.filter(({ Name, AliasTarget }) => Name === `${alias}.` && AliasTarget).map(deletion);
    await change(HostedZoneId, [...old, { Action: 'CREATE', ResourceRecordSet: cname }]);
    await expectKept('DNSReady', 'NotOwned');
    await change(HostedZoneId, [deletion(cname)]);
    await condition('Verified', 'Provisioned');
    await workspace.ready(`oidcissuer/${name}`);
  });

  test('an alias that CloudFront refuses although nobody lists it, with the record that is in the way', async () => {
    const { HostedZoneId } = await zone();
    const wildcard: ResourceRecordSet = {
      Name: alias.replace('irsa.', '*.'),
      Type: 'CNAME',
      TTL: 60,
      ResourceRecords: [{ Value: 'd0000000000000.cloudfront.net' }],
    };
    await change(HostedZoneId, [{ Action: 'CREATE', ResourceRecordSet: wildcard }]);
    await suspend(true);
    const found = await distribution();
    const DistributionConfig = { ...found.DistributionConfig, Aliases: { Quantity: 0 } };
    await account.cloudFront.send(new UpdateDistributionCommand({ ...found, DistributionConfig }));
    environment.front.fail('UpdateDistribution', { kind: 'error', code: 'CNAMEAlreadyExists', status: 409 }, 3);
    await suspend(false);
    const { message } = await condition('DistributionReady', 'AliasTaken');
    expect(message).toMatch(/no standard distribution lists it or a wildcard of it, so the name's DNS record/);
    expect(message).toContain(`CNAME ${wildcard.Name} to d0000000000000.cloudfront.net`);
    expect(await providers()).toBe(1);
    await change(HostedZoneId, [deletion(wildcard)]);
    await workspace.ready(`oidcissuer/${name}`);
    expect(await providers()).toBe(1);
  });

  test('a hosted zone that is not there', async () => {
    const { HostedZoneId, records } = await zone();
    const own = records.filter(({ Type }) => Type !== 'NS' && Type !== 'SOA');
    await change(HostedZoneId, own.map(deletion));
    await account.route53.send(new DeleteHostedZoneCommand({ Id: HostedZoneId }));
    await expectKept('CertificateReady', 'HostedZoneNotFound');
    await account.route53.send(new CreateHostedZoneCommand({ Name: domain, CallerReference: 'again' }));
    await condition('Verified', 'Provisioned');
    await workspace.ready(`oidcissuer/${name}`);
    expect(await providers()).toBe(1);
  });
});

describe('the cluster whose pods use the issuer', () => {
  const issuer = `https://${alias}`;
  /** What Verified says, once it says this. */
  const said = (status: string, text: string) =>
    until(`Verified to say: ${text}`, async () => {
      const { status: all } = await workspace.get<OIDCIssuerStatus>('oidcissuer', name);
      const verified = all?.conditions?.find(({ type }) => type === 'Verified');
      return verified?.status === status && verified.message.includes(text) ? verified : undefined;
    });

  test('is told which flag it lacks, and the issuer stays ready', async () => {
    await workspace.patch('oidcissuer', name, { spec: { cluster: { inCluster: {} } } });
    const { message } = await said('True', environment.controlPlane.defaults.issuer);
    expect(message).toContain(`--service-account-issuer=${issuer} first`);
    await workspace.event('OIDCIssuer', name, 'ClusterIssuerDiffers');
    await workspace.ready(`oidcissuer/${name}`);
  });

  test('signs with a key that is not published: the issuer is not ready, and its provider stays', async () => {
    const { controlPlane } = environment;
    await controlPlane.restartApiServer({ issuers: [issuer, controlPlane.defaults.issuer] });
    const keySet = JSON.parse(await controlPlane.kubectl(['get', '--raw', '/openid/v1/jwks'])) as {
      keys: { kid: string }[];
    };
    const { reason, message } = await said('False', keySet.keys[0]?.kid ?? 'no key');
    expect(reason).toBe('KeyNotPublished');
    expect(message).toContain(`${name}-key`);
    await workspace.event('OIDCIssuer', name, 'KeyNotPublished');
    expect(await providers()).toBe(1);
  });

  test('signs with the published key and verifies its former one too: that is said, and the issuer is ready', async () => {
    await rollControlPlane(environment, { namespace: 'org-acme', issuer: name, secret: `${name}-key` });
    await said('True', 'A former key that only verifies does no harm');
    await workspace.ready(`oidcissuer/${name}`);
  });
});

/** A list as CloudFront takes it. */
function one<Item>(item: Item) {
  return { Quantity: 1, Items: [item] };
}

function behaving(config: DistributionConfig, change: Partial<CacheBehavior>): Partial<DistributionConfig> {
  if (!config.DefaultCacheBehavior) throw new Error('there is no behavior');
  return { DefaultCacheBehavior: { ...config.DefaultCacheBehavior, ...change } };
}

async function publishedKeys(): Promise<object[]> {
  const { status } = await workspace.get<OIDCIssuerStatus>('oidcissuer', name);
  const { Body } = await account.s3.send(
    new GetObjectCommand({ Bucket: currentSiteOf(status)?.bucket?.name, Key: 'keys.json' }),
  );
  return (JSON.parse((await Body?.transformToString()) ?? '') as { keys: object[] }).keys;
}

/** The key set comes from another bucket, which the same origin access control may read. */
function withEvilBehavior(config: DistributionConfig): DistributionConfig {
  const [origin] = config.Origins?.Items ?? [];
  if (!origin || !config.DefaultCacheBehavior) throw new Error('there is no origin');
  const evil = { ...origin, Id: 'evil', DomainName: 'evil-keys.s3.eu-central-1.amazonaws.com' };
  const behavior: CacheBehavior = {
    ...config.DefaultCacheBehavior,
    PathPattern: '/keys.json',
    TargetOriginId: evil.Id,
  };
  return {
    ...config,
    Origins: { Quantity: 2, Items: [origin, evil] },
    CacheBehaviors: { Quantity: 1, Items: [behavior] },
  };
}
