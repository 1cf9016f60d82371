import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ListCertificatesCommand } from '@aws-sdk/client-acm';
import { ListDistributionsCommand } from '@aws-sdk/client-cloudfront';
import { GetRoleCommand } from '@aws-sdk/client-iam';
import { ListHostedZonesCommand } from '@aws-sdk/client-route-53';
import { GetBucketTaggingCommand } from '@aws-sdk/client-s3';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { AwsAccounts, type Account } from '../../../src/aws/accounts.ts';
import { SdkClients, type ClientOptions } from '../../../src/aws/clients.ts';
import * as errors from '../../../src/aws/errors.ts';
import { plainEnvironment } from '../../backends/plain-environment.ts';
import { scope } from '../../fakes/aws/index.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { failure } from './failure.ts';
import { shareErrorsWithNode } from './realm.ts';
import { answer, queryError, refusingProxy, reset, serve, stall, type Served } from './server.ts';
import { isSilence } from '../../../src/aws/errors.ts';
import { Breaker } from '../../../src/runtime/breaker.ts';
import { systemClock } from '../../../src/runtime/clock.ts';

const role =
  '<GetRoleResponse><GetRoleResult><Role><RoleName>r</RoleName><Path>/</Path><Arn>arn</Arn></Role></GetRoleResult></GetRoleResponse>';
const identity =
  '<GetCallerIdentityResponse><GetCallerIdentityResult><Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>';

shareErrorsWithNode();

const variables = { ...process.env };
const stop = () => new AbortController();
const own = { roleARN: undefined, namespace: 'default' };
let served: Served[];
beforeEach(() => {
  served = [];
  process.env = { ...plainEnvironment(variables), AWS_ACCESS_KEY_ID: 'AKIDTEST', AWS_SECRET_ACCESS_KEY: 'test' };
});
afterEach(async () => {
  process.env = { ...variables };
  await Promise.all(served.map((server) => server.close()));
});

/** The own account, over the SDK's real clients and a server that has answered once who we are. */
async function connect(
  [first, ...more]: Parameters<typeof serve>,
  options: { deadline?: number; stop?: AbortController; requestTimeout?: number } = {},
): Promise<{ account: Account; server: Served }> {
  const server = await serve(answer(200, identity), first, ...more);
  served.push(server);
  process.env['AWS_ENDPOINT_URL'] = server.url;
  const { deadline = 30_000, requestTimeout = 5_000, stop: { signal } = stop() } = options;
  const account = await accountsOf(new Agent(), { requestTimeout }, deadline).get(own, scope({ signal }));
  return { account, server };
}

function accountsOf(agent: Agent, client: Partial<ClientOptions> = {}, deadline = 30_000): AwsAccounts {
  const clients = new SdkClients({ region: 'eu-central-1', agent, ...client });
  return new AwsAccounts({
    clients,
    region: 'eu-central-1',
    installation: 'test',
    operator: scope(),
    deadline,
    breaker: () => new Breaker({ clock: systemClock, isSilence }),
  });
}

describe('a call', () => {
  test('is tried again where AWS throttles or answers with an error page', async () => {
    const { account, server } = await connect([
      queryError(400, 'Throttling'),
      answer(503, '<html><body>503</body></html>', 'text/html'),
      answer(200, role),
    ]);
    expect(await account.roles.find('r')).toMatchObject({ name: 'r' });
    expect(server.requests.slice(1)).toHaveLength(3);
  });

  test('is tried three times, and says that it is AWS', async () => {
    const { account, server } = await connect([answer(503, '<html><body>503</body></html>', 'text/html')]);
    const error = await failure(account.roles.find('r'));

    expect(errors.describe(error)).toMatchObject({ action: 'iam:GetRole', kind: 'unavailable' });
    expect(error.message).toContain('reading role r');
    expect(server.requests.slice(1)).toHaveLength(3);
  });

  test('survives a connection that breaks', async () => {
    const { account } = await connect([reset, answer(200, role)]);
    expect(await account.roles.find('r')).toMatchObject({ name: 'r' });
  });

  test('over connections that break for ever is unavailable', async () => {
    const { account } = await connect([reset]);
    expect(errors.isUnavailable(await failure(account.roles.find('r')))).toBe(true);
  });

  test('is not tried again where the answer is no', async () => {
    const { account, server } = await connect([queryError(404, 'NoSuchEntity')]);
    expect(await account.roles.find('r')).toBeUndefined();
    expect(server.requests).toHaveLength(2);
  });

  test('that gets no answer is tried again after the request timeout', async () => {
    const { account } = await connect([stall, answer(200, role)], { requestTimeout: 100 });
    expect(await account.roles.find('r')).toMatchObject({ name: 'r' });
  });

  test('ends at its deadline', async () => {
    const { account } = await connect([stall], { deadline: 200 });
    const begun = Date.now();
    const error = await failure(account.roles.find('r'));

    expect(errors.describe(error)).toMatchObject({ code: 'TimeoutError', kind: 'unavailable' });
    expect(Date.now() - begun).toBeLessThan(2_000);
  });

  test('ends at its deadline though the body of the answer trickles', async () => {
    const { account } = await connect(
      [(_request, response) => void response.writeHead(200, { 'content-length': '10' }).write('{')],
      { deadline: 200 },
    );
    const error = await failure(account.buckets('eu-central-1').findObject('b', 'keys.json'));
    expect(errors.describe(error)).toMatchObject({ action: 's3:GetObject', kind: 'unavailable' });
  });

  test('ends with its scope', async () => {
    const controller = stop();
    const { account } = await connect([stall], { stop: controller });
    const call = failure(account.roles.find('r'));
    setTimeout(() => controller.abort(new Error('the lease is lost')), 50);

    expect((await call).message).toContain('the lease is lost');
  });
});

test('a throttle that the next attempt gets over slows down the calls after it all the same', async () => {
  const clock = new FakeClock();
  const server = await serve(answer(200, identity), queryError(400, 'Throttling'), answer(200, role));
  served.push(server);
  process.env['AWS_ENDPOINT_URL'] = server.url;
  const accounts = new AwsAccounts({
    clients: new SdkClients({ region: 'eu-central-1', agent: new Agent() }),
    region: 'eu-central-1',
    installation: 'test',
    operator: scope(),
    breaker: () => new Breaker({ clock: systemClock, isSilence }),
    limiterClock: { now: () => clock.now().getTime(), after: (wait, callback) => clock.after(wait, callback) },
  });
  const { roles } = await accounts.get(own, scope());
  await clock.advance(1);
  expect(await roles.find('r')).toMatchObject({ name: 'r' });
  expect(server.requests).toHaveLength(3);

  const next = roles.find('r');
  await clock.advance(500);
  expect(server.requests).toHaveLength(3);
  await clock.advance(1_000);
  expect(await next).toMatchObject({ name: 'r' });
  expect(server.requests).toHaveLength(4);
});

test('a bucket is part of the path where the endpoint is an IP address', async () => {
  const { account, server } = await connect([answer(200, ''), answer(404, '<Error><Code>NoSuchKey</Code></Error>')]);
  await account.buckets('eu-central-1').putObject('bucket', 'keys.json', {
    body: '{}',
    contentType: 'application/json',
    etag: undefined,
  });
  expect(await account.buckets('eu-central-1').findObject('bucket', 'keys.json')).toBeUndefined();

  expect(server.requests.slice(1)).toEqual([
    'PUT /bucket/keys.json?x-id=PutObject',
    'GET /bucket/keys.json?x-id=GetObject',
  ]);
});

test('a client is made when it is first used, and once', () => {
  const clients = new SdkClients({ region: 'eu-central-1', agent: new Agent() }).forCredentials(undefined);
  const isMade = Object.values(Object.getOwnPropertyDescriptors(clients)).map(({ value }) => typeof value);
  expect(isMade).toEqual(['undefined', 'undefined', 'undefined', 'function', 'function']);
  expect(clients.iam).toBe(clients.iam);
  expect(clients.acm('us-east-1')).toBe(clients.acm('us-east-1'));
  expect(clients.s3('eu-central-1')).toBe(clients.s3('eu-central-1'));
});

test("the operator's own credentials are got once for all services", async () => {
  const folder = mkdtempSync(join(tmpdir(), 'irsa-token-'));
  const token = join(folder, 'token');
  writeFileSync(token, 'a token');
  const credentials = `<Credentials><AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>${new Date(Date.now() + 3_600_000).toISOString()}</Expiration></Credentials>`;
  const server = await serve(
    answer(
      200,
      `<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult>${credentials}</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`,
    ),
    answer(200, identity),
    answer(200, role),
    answer(404, '<Error><Code>NoSuchKey</Code></Error>'),
  );
  served.push(server);
  delete process.env['AWS_ACCESS_KEY_ID'];
  delete process.env['AWS_SECRET_ACCESS_KEY'];
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: server.url,
    AWS_ROLE_ARN: 'arn:aws:iam::111122223333:role/operator',
    AWS_WEB_IDENTITY_TOKEN_FILE: token,
  });
  const account = await accountsOf(new Agent()).get(own, scope());
  expect(await account.roles.find('r')).toMatchObject({ name: 'r' });
  expect(await account.buckets('eu-central-1').findObject('bucket', 'keys.json')).toBeUndefined();
  expect(server.requests).toHaveLength(4);
  rmSync(folder, { recursive: true });
});

test('of the clients of regions that users make up, no more are kept than there are regions', () => {
  const clients = new SdkClients({ region: 'eu-central-1', agent: new Agent() }).forCredentials(undefined);
  const first = clients.s3('eu-central-1');
  for (let region = 0; region < 49; region++) clients.s3(`nowhere-${region}`);
  expect(clients.s3('eu-central-1')).toBe(first);
  for (let region = 50; region < 100; region++) clients.s3(`nowhere-${region}`);
  expect(clients.s3('eu-central-1')).not.toBe(first);
});

describe('through a proxy', () => {
  async function proxy(): Promise<Served> {
    const server = await refusingProxy();
    served.push(server);
    return server;
  }

  test('go the calls of every service, each to its own endpoint', async () => {
    const { url: HTTPS_PROXY, requests } = await proxy();
    const clients = new SdkClients({ region: 'eu-central-1', agent: new Agent({ proxyEnv: { HTTPS_PROXY } }) });
    const own = clients.forCredentials(undefined);
    const options = { abortSignal: stop().signal };
    await Promise.all([
      failure(clients.sts.send(new GetCallerIdentityCommand({}), options)),
      failure(own.iam.send(new GetRoleCommand({ RoleName: 'r' }), options)),
      failure(own.acm('us-east-1').send(new ListCertificatesCommand({}), options)),
      failure(own.cloudfront.send(new ListDistributionsCommand({}), options)),
      failure(own.route53.send(new ListHostedZonesCommand({}), options)),
      failure(own.s3('eu-central-1').send(new GetBucketTaggingCommand({ Bucket: 'bucket' }), options)),
      failure(own.s3('us-east-2').send(new GetBucketTaggingCommand({ Bucket: 'bucket' }), options)),
    ]);

    expect([...new Set(requests)].sort()).toEqual([
      'acm.us-east-1.amazonaws.com:443',
      'bucket.s3.eu-central-1.amazonaws.com:443',
      'bucket.s3.us-east-2.amazonaws.com:443',
      'cloudfront.amazonaws.com:443',
      'iam.amazonaws.com:443',
      'route53.amazonaws.com:443',
      'sts.eu-central-1.amazonaws.com:443',
    ]);
  });

  test.each([
    ['cn-north-1', 'iam.cn-north-1.amazonaws.com.cn', 'amazonaws.com.cn'],
    ['us-gov-west-1', 'iam.us-gov.amazonaws.com', 'amazonaws.com'],
    ['us-iso-east-1', 'iam.us-iso-east-1.c2s.ic.gov', 'c2s.ic.gov'],
    ['us-isob-east-1', 'iam.us-isob-east-1.sc2s.sgov.gov', 'sc2s.sgov.gov'],
    ['eu-isoe-west-1', 'iam.eu-isoe-west-1.cloud.adc-e.uk', 'cloud.adc-e.uk'],
    ['us-isof-south-1', 'iam.us-isof-south-1.csp.hci.ic.gov', 'csp.hci.ic.gov'],
    ['eusc-de-east-1', 'iam.eusc-de-east-1.amazonaws.eu', 'amazonaws.eu'],
  ])('go the calls of an operator in %s to its partition', async (region, iam, suffix) => {
    const { url: HTTPS_PROXY, requests } = await proxy();
    const clients = new SdkClients({ region, agent: new Agent({ proxyEnv: { HTTPS_PROXY } }) });
    const own = clients.forCredentials(undefined);
    const options = { abortSignal: stop().signal };
    await Promise.all([
      failure(clients.sts.send(new GetCallerIdentityCommand({}), options)),
      failure(own.iam.send(new GetRoleCommand({ RoleName: 'r' }), options)),
      failure(own.s3(region).send(new GetBucketTaggingCommand({ Bucket: 'bucket' }), options)),
    ]);

    expect([...new Set(requests)].sort()).toEqual(
      [`bucket.s3.${region}.${suffix}:443`, `${iam}:443`, `sts.${region}.${suffix}:443`].sort(),
    );
  });

  test('goes nothing that NO_PROXY names', async () => {
    const { url: HTTPS_PROXY, requests } = await proxy();
    process.env['AWS_ENDPOINT_URL'] = 'https://127.0.0.1:1';
    const accounts = accountsOf(new Agent({ proxyEnv: { HTTPS_PROXY, NO_PROXY: '127.0.0.1' } }));

    expect(errors.isUnavailable(await failure(accounts.get(own, scope())))).toBe(true);
    expect(requests).toEqual([]);
  });
});
