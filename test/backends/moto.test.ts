import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import {
  AttachRolePolicyCommand,
  CreateRoleCommand,
  GetPolicyCommand,
  IAMClient,
  ListRolesCommand,
} from '@aws-sdk/client-iam';
import { startMoto, type Moto } from './moto.ts';

let moto: Moto, client: IAMClient;

beforeAll(async () => {
  moto = await startMoto();
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  client = new IAMClient({ endpoint: moto.url, region: 'us-east-1', credentials, maxAttempts: 1 });
});

afterEach(() => {
  delete process.env.IRSA_TEST_AWS_ENDPOINT;
});

beforeEach(() => moto.reset());

afterAll(async () => {
  client?.destroy();
  await moto?.stop();
});

const createRole = (RoleName: string) =>
  client.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: '{}' }));
const roleNames = async () => (await client.send(new ListRolesCommand({}))).Roles?.map((role) => role.RoleName);

test('forgets everything at a reset', async () => {
  await createRole('reader');
  expect(await roleNames()).toEqual(['reader']);
  await moto.reset();
  expect(await roleNames()).toEqual([]);
});

test('answers many writes at a time, without a failure among them', async () => {
  const names = Array.from({ length: 100 }, (_, index) => `role-${String(index).padStart(3, '0')}`);
  await Promise.all(names.map(createRole));
  expect((await roleNames())?.sort()).toEqual(names);
});

test('knows the policies that AWS manages, which nobody has attached after a reset', async () => {
  await createRole('viewer');
  const PolicyArn = 'arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess';
  await client.send(new AttachRolePolicyCommand({ RoleName: 'viewer', PolicyArn }));
  const attachments = async () => (await client.send(new GetPolicyCommand({ PolicyArn }))).Policy?.AttachmentCount;
  expect(await attachments()).toBe(1);
  await moto.reset();
  expect(await attachments()).toBe(0);
});

test('is the one that IRSA_TEST_AWS_ENDPOINT names, which is emptied and left running', async () => {
  await createRole('from-an-earlier-run');
  process.env.IRSA_TEST_AWS_ENDPOINT = `${moto.url}/`;
  const given = await startMoto();
  expect(given.url).toBe(moto.url);
  await given.stop();
  expect(await roleNames()).toEqual([]);
});

test('is never one on another machine', async () => {
  process.env.IRSA_TEST_AWS_ENDPOINT = 'https://iam.amazonaws.com';
  await expect(startMoto()).rejects.toThrow('it must be one of this machine');
});

test('is asked for by name where the one of IRSA_TEST_AWS_ENDPOINT does not answer', async () => {
  process.env.IRSA_TEST_AWS_ENDPOINT = 'http://127.0.0.1:1';
  await expect(startMoto()).rejects.toThrow('IRSA_TEST_AWS_ENDPOINT is http://127.0.0.1:1, and no moto answers there');
});

test('leads the SDK clients of its process nowhere else, whatever the environment has said', async () => {
  const own = { AWS_ENDPOINT_URL_IAM: 'http://127.0.0.1:1', AWS_PROFILE: 'nobody', AWS_USE_FIPS_ENDPOINT: 'true' };
  Object.assign(process.env, own, { AWS_ENDPOINT_URL: moto.url, https_proxy: 'http://127.0.0.1:1' });
  process.env.IRSA_TEST_AWS_ENDPOINT = moto.url;
  await startMoto();
  const left = Object.keys(process.env).filter((name) => /^AWS_|_proxy$/i.test(name));
  expect(left).toEqual(['AWS_CONFIG_FILE', 'AWS_SHARED_CREDENTIALS_FILE']);
});
