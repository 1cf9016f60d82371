import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Buckets } from '../../../src/aws/buckets.ts';
import * as errors from '../../../src/aws/errors.ts';
import { FakeAws } from '../../fakes/aws/index.ts';
import { failure } from './failure.ts';

const name = '111122223333-g8s-abcl0-oidc-pod-identity-v2';
const spec = { name, tags: { owner: 'x' }, accountRegional: false };
const object = { body: '{}', contentType: 'application/json', etag: undefined };

let aws: FakeAws;
let buckets: Buckets;
beforeEach(async () => {
  aws = new FakeAws();
  buckets = (await aws.connect()).buckets('eu-central-1');
  aws.forgetCalls();
});

async function stranger(): Promise<Buckets> {
  const account = await aws.connect('arn:aws:iam::999988887777:role/stranger');
  return account.buckets('eu-central-1');
}

describe('creating', () => {
  test('is one write, tags with it', async () => {
    await buckets.create(spec);

    expect(aws.writes).toEqual(['CreateBucket']);
    expect(aws.reads).toEqual([]);
    expect(aws.account().buckets.get(name)).toMatchObject({ region: 'eu-central-1', tags: { owner: 'x' } });
  });

  test('names no location in us-east-1, which is none', async () => {
    const east = (await aws.connect()).buckets('us-east-1');
    await east.create(spec);
    expect(aws.account().buckets.get(name)?.region).toBe('us-east-1');
  });

  test('asks for the account-regional namespace where the name is of it', async () => {
    const own = 'abcl0-4dea126f-111122223333-eu-central-1-an';
    await buckets.create({ ...spec, name: own, accountRegional: true });
    expect(aws.account().buckets.get(own)?.accountRegional).toBe(true);
  });

  test('tells our own bucket from one that another account has', async () => {
    await buckets.create(spec);
    expect(errors.isAlreadyExists(await failure(buckets.create(spec)))).toBe(true);

    const taken = await failure((await stranger()).create(spec));
    expect(errors.isBucketNameTaken(taken)).toBe(true);
    expect(errors.isAlreadyExists(taken)).toBe(false);
  });
});

describe('finding', () => {
  test('costs one read where there is nothing', async () => {
    expect(await buckets.find(name)).toBeUndefined();
    expect(aws.reads).toEqual(['GetBucketTagging']);
  });

  test('costs four reads, and a new bucket is private', async () => {
    await buckets.create(spec);
    aws.forgetCalls();

    expect(await buckets.find(name)).toEqual({
      name,
      tags: { owner: 'x' },
      access: 'Private',
      blocksPolicy: true,
      ownerEnforced: true,
      policy: undefined,
    });
    expect(aws.reads).toHaveLength(4);
  });

  test('tells a bucket without tags from no bucket', async () => {
    await buckets.create({ ...spec, tags: {} });
    expect(await buckets.find(name)).toMatchObject({ name, tags: {} });
  });

  test('sees each of the four blocks that is off', async () => {
    await buckets.create(spec);
    const bucket = aws.account().buckets.get(name)!;
    for (const block of Object.keys(bucket.publicAccessBlock ?? {})) {
      bucket.publicAccessBlock = { ...bucket.publicAccessBlock, [block]: false };
      expect((await buckets.find(name))?.access).toBeUndefined();
      await buckets.setPublicAccess(name, 'Private');
      expect((await buckets.find(name))?.access).toBe('Private');
    }
    bucket.publicAccessBlock = undefined;
    expect((await buckets.find(name))?.access).toBeUndefined();
  });

  test('lets policies be public and nothing else', async () => {
    await buckets.create(spec);
    await buckets.setPublicAccess(name, 'PublicPolicy');
    expect((await buckets.find(name))?.access).toBe('PublicPolicy');
    expect(aws.account().buckets.get(name)?.publicAccessBlock).toEqual({
      BlockPublicAcls: true,
      IgnorePublicAcls: true,
      BlockPublicPolicy: false,
      RestrictPublicBuckets: false,
    });
  });

  test('sees and enforces the ownership of objects', async () => {
    await buckets.create(spec);
    for (const ownership of [undefined, 'ObjectWriter']) {
      aws.account().buckets.get(name)!.ownership = ownership;
      expect((await buckets.find(name))?.ownerEnforced).toBe(false);
    }
    await buckets.enforceOwner(name);
    expect((await buckets.find(name))?.ownerEnforced).toBe(true);
  });

  test('reads policy and tags back as written', async () => {
    const policy = { Version: '2012-10-17', Statement: [{ Effect: 'Deny', Principal: '*', Action: 's3:*' }] };
    await buckets.create(spec);
    await buckets.putPolicy(name, policy);
    await buckets.putTags(name, { owner: 'y', foreign: 'z' });
    expect(await buckets.find(name)).toMatchObject({ policy, tags: { owner: 'y', foreign: 'z' } });
  });
});

test('every call but CreateBucket names the owner that it expects', async () => {
  await buckets.create(spec);
  await buckets.find(name);
  await buckets.setPublicAccess(name, 'Private');
  await buckets.enforceOwner(name);
  await buckets.putTags(name, {});
  await buckets.putPolicy(name, {});
  await buckets.putObject(name, 'keys.json', object);
  await buckets.findObject(name, 'keys.json');
  await buckets.deleteObject(name, 'keys.json');
  await buckets.delete(name);

  const operations = aws.calls.filter(({ operation }) => operation !== 'CreateBucket');
  expect(new Set(operations.map(({ operation }) => operation)).size).toBe(12);
  expect(new Set(operations.map(({ input }) => input['ExpectedBucketOwner']))).toEqual(new Set(['111122223333']));
});

test('a foreign bucket is neither read nor written', async () => {
  await (await stranger()).create(spec);
  expect(errors.isAccessDenied(await failure(buckets.find(name)))).toBe(true);
  expect(errors.isAccessDenied(await failure(buckets.putObject(name, 'keys.json', object)))).toBe(true);
  expect(errors.isAccessDenied(await failure(buckets.delete(name)))).toBe(true);
});

describe('objects', () => {
  beforeEach(() => buckets.create(spec));

  test('come back with ETag, type and metadata', async () => {
    await buckets.putObject(name, 'keys.json', { ...object, body: '{"keys":[]}', metadata: { kid: '1' } });
    expect(await buckets.findObject(name, 'keys.json')).toEqual({
      body: '{"keys":[]}',
      contentType: 'application/json',
      metadata: { kid: '1' },
      etag: expect.stringMatching(/^"\w+"$/),
    });
  });

  test('that are not there are nothing, nor those of a bucket that is not there', async () => {
    expect(await buckets.findObject(name, 'keys.json')).toBeUndefined();
    expect(await buckets.findObject('nowhere', 'keys.json')).toBeUndefined();
  });

  test('are made only where there is none, and replaced only as read', async () => {
    await buckets.putObject(name, 'keys.json', object);
    const { etag } = (await buckets.findObject(name, 'keys.json'))!;
    expect(errors.isPreconditionFailed(await failure(buckets.putObject(name, 'keys.json', object)))).toBe(true);

    await buckets.putObject(name, 'keys.json', { ...object, body: 'new', etag });
    const stale = await failure(buckets.putObject(name, 'keys.json', { ...object, body: 'stale', etag }));
    expect(errors.isPreconditionFailed(stale)).toBe(true);
    expect((await buckets.findObject(name, 'keys.json'))?.body).toBe('new');
  });
});

describe('deleting', () => {
  test('waits for objects to go, and is happy when it is done', async () => {
    await buckets.create(spec);
    await buckets.putObject(name, 'keys.json', object);
    expect(errors.isBucketNotEmpty(await failure(buckets.delete(name)))).toBe(true);

    await buckets.deleteObject(name, 'keys.json');
    await buckets.deleteObject(name, 'keys.json');
    await buckets.delete(name);
    await buckets.delete(name);
    await buckets.deleteObject(name, 'keys.json');
    expect(aws.account().buckets.size).toBe(0);
  });
});
