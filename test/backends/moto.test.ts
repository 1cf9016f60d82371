import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { AttachRolePolicyCommand, CreateRoleCommand, IAMClient, ListRolesCommand } from '@aws-sdk/client-iam';
import { startMoto, type Moto } from './moto.ts';

let moto: Moto;

beforeAll(async () => {
  moto = await startMoto();
}, 60_000);

afterEach(() => {
  delete process.env.IRSA_TEST_AWS_ENDPOINT;
});

afterAll(() => moto.stop());

function iam(): IAMClient {
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  return new IAMClient({ endpoint: moto.url, region: 'us-east-1', credentials, maxAttempts: 1 });
}

const createRole = (RoleName: string) =>
  iam().send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: '{}' }));
const roleNames = async () => (await iam().send(new ListRolesCommand({}))).Roles?.map((role) => role.RoleName);

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

test('knows the policies that AWS manages', async () => {
  await createRole('viewer');
  const PolicyArn = 'arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess';
  await iam().send(new AttachRolePolicyCommand({ RoleName: 'viewer', PolicyArn }));
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
  await expect(startMoto()).rejects.toThrow('which is not on this machine');
});
