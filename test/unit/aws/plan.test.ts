import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Account } from '../../../src/aws/accounts.ts';
import * as errors from '../../../src/aws/errors.ts';
import { NotSent } from '../../../src/aws/plan.ts';
import { FakeAws } from '../../fakes/aws/index.ts';
import { scope } from '../../fakes/aws/scope.ts';
import { failure } from './failure.ts';

const alias = 'irsa.example.com';
const url = `https://${alias}`;
const readOnly = 'arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess';
const logs = 'arn:aws:iam::aws:policy/CloudWatchLogsFullAccess';
const role = {
  name: 'reader',
  path: '/irsa/',
  trustPolicy: { Version: '2012-10-17', Statement: [] },
  description: undefined,
  maxSessionDurationSeconds: undefined,
  permissionsBoundary: undefined,
  tags: {},
};
const bucket = { name: 'a-bucket', tags: {}, accountRegional: false };
const object = { body: '{}', contentType: 'application/json', etag: undefined };
const certificate = { domain: alias, tags: {}, idempotencyToken: 'token' };

let aws: FakeAws;
let notes: string[];
/** Its writes are sent. */
let real: Account;
/** Its writes are noted. */
let account: Account;
beforeEach(async () => {
  aws = new FakeAws();
  notes = [];
  real = await aws.connect();
  const plan = { note: (change: string) => void notes.push(change) };
  account = await aws.accounts().get({ roleARN: undefined, namespace: 'default' }, scope({ plan }));
});

/** A certificate that is issued, and what a distribution with it is made of. */
async function distribution() {
  const certificateARN = await real.certificates.request(certificate);
  aws.account().certificates.get(certificateARN)!.status = 'ISSUED';
  const { id } = await real.originAccessControls.create('a-bucket');
  return {
    callerReference: 'reference',
    named: { alias, certificateARN },
    originDomain: 'a-bucket.s3.eu-central-1.amazonaws.com',
    originPath: '',
    originAccessControlID: id,
    viewerRequestFunctionARN: undefined,
    comment: 'issuer',
    tags: {},
  };
}

describe('a plan', () => {
  test('sends no write of any module, and notes each', async () => {
    const spec = await distribution();
    const made = await real.distributions.create(spec);
    const zone = aws.account().addZone('example.com');
    await real.roles.create(role);
    await real.roles.changePolicies('reader', { attach: [readOnly], detach: [], put: [], delete: [] });
    const provider = await real.providers.create({ url, audiences: [], tags: {} });
    const s3 = account.buckets('eu-central-1');
    await real.buckets('eu-central-1').create(bucket);
    await real.buckets('eu-central-1').putObject('a-bucket', 'key', object);
    const unused = await real.certificates.request({ ...certificate, domain: 'b.test', idempotencyToken: 'b' });
    const record = { name: alias, type: 'CNAME', value: 'x' } as const;
    aws.forgetCalls();

    const writes: (() => Promise<unknown>)[] = [
      () => s3.create({ ...bucket, name: 'another' }),
      () => s3.setPublicAccess('a-bucket', 'Private'),
      () => s3.enforceOwner('a-bucket'),
      () => s3.putTags('a-bucket', {}),
      () => s3.putPolicy('a-bucket', { Version: '2012-10-17', Statement: [] }),
      () => s3.putObject('a-bucket', 'new', object),
      () => s3.deleteObject('a-bucket', 'key'),
      () => s3.delete('a-bucket'),
      () => account.certificates.request(certificate),
      () => account.certificates.tag(unused, { set: { a: 'b' }, remove: [] }),
      () => account.certificates.delete(unused),
      () => account.originAccessControls.create('another'),
      () => account.originAccessControls.update(spec.originAccessControlID),
      () => account.originAccessControls.delete(spec.originAccessControlID),
      () => account.distributions.create({ ...spec, callerReference: 'b', named: undefined }),
      () => account.distributions.update(made.id, spec),
      () => account.distributions.tag(made.arn, { set: {}, remove: ['c'] }),
      () => account.distributions.delete(made.id),
      () =>
        account.dns.change({ id: zone.id, name: zone.name, isPrivate: false }, [{ action: 'upsert', record, ttl: 60 }]),
      () => account.providers.create({ url: 'https://b.test', audiences: [], tags: {} }),
      () =>
        account.providers.update(provider, { addAudiences: ['a'], removeAudiences: [], tags: { set: {}, remove: [] } }),
      () => account.providers.delete(provider),
      () => account.roles.create({ ...role, name: 'another' }),
      () => account.roles.update('reader', { permissionsBoundary: null }),
      () => account.roles.updateTrustPolicy('reader', role.trustPolicy),
      () => account.roles.changePolicies('reader', { attach: [logs], detach: [], put: [], delete: [] }),
      () => account.roles.changePolicies('reader', { attach: [], detach: [readOnly], put: [], delete: [] }),
    ];
    for (const [number, write] of writes.entries()) {
      // Those whose answer somebody needs end here.
      await write().catch((error: unknown) => expect(error).toBeInstanceOf(NotSent));
      expect(notes).toHaveLength(number + 1);
    }
    expect(aws.writes).toEqual([]);
  });

  test('reads', async () => {
    await real.roles.create(role);
    expect(await account.roles.find('reader')).toMatchObject({ name: 'reader' });
    expect(notes).toEqual([]);
  });

  test('makes up no answer', async () => {
    const error = await failure(account.certificates.request(certificate));
    expect(error).toBeInstanceOf(NotSent);
    expect(error.message).toBe(`requesting a certificate for ${alias} comes first`);
    expect(notes).toEqual([`requesting a certificate for ${alias}`]);
  });

  test('knows the ARN of a new role and of a new provider', async () => {
    expect((await account.roles.create(role)).arn).toBe((await real.roles.create(role)).arn);
    const provider = { url, audiences: [], tags: {} };
    expect(await account.providers.create(provider)).toBe(await real.providers.create(provider));
  });

  test('sends nothing of a pass that was aborted', async () => {
    const stop = new AbortController();
    const plan = { note: (change: string) => void notes.push(change) };
    const late = await aws
      .accounts()
      .get({ roleARN: undefined, namespace: 'default' }, scope({ plan, signal: stop.signal }));
    stop.abort();
    await failure(late.roles.create(role));
    expect(notes).toEqual([]);
  });
});

describe('a plan answers as AWS would', () => {
  test('if a role, a provider or a bucket is there already', async () => {
    await real.roles.create(role);
    await real.providers.create({ url, audiences: [], tags: {} });
    await real.buckets('eu-central-1').create(bucket);
    for (const create of [
      () => account.roles.create(role),
      () => account.providers.create({ url, audiences: [], tags: {} }),
      () => account.buckets('eu-central-1').create(bucket),
    ]) {
      expect(errors.isAlreadyExists(await failure(create()))).toBe(true);
    }
    expect(notes).toEqual([]);
  });

  test('if another account has the bucket', async () => {
    const stranger = await aws.connect('arn:aws:iam::999988887777:role/stranger');
    await stranger.buckets('eu-central-1').create(bucket);
    expect(errors.isAccessDenied(await failure(account.buckets('eu-central-1').create(bucket)))).toBe(true);
    expect(notes).toEqual([]);
  });

  test('if a distribution has the alias, or was made by the same call', async () => {
    const spec = await distribution();
    const { id } = await real.distributions.create(spec);
    expect(errors.isAliasTaken(await failure(account.distributions.create({ ...spec, callerReference: 'b' })))).toBe(
      true,
    );
    aws.account().distributions.get(id)!.config.Aliases = { Quantity: 0 };
    expect(errors.isAlreadyExists(await failure(account.distributions.create(spec)))).toBe(true);
    expect(notes).toEqual([]);
  });

  test('if a distribution has the certificate', async () => {
    const spec = await distribution();
    await real.distributions.create(spec);
    expect(errors.isInUse(await failure(account.certificates.delete(spec.named.certificateARN)))).toBe(true);
    expect(notes).toEqual([]);
  });

  test('if there is nothing to delete', async () => {
    await real.roles.create(role);
    await real.buckets('eu-central-1').create(bucket);
    await account.buckets('eu-central-1').deleteObject('a-bucket', 'key');
    await account.certificates.delete('arn:aws:acm:us-east-1:111122223333:certificate/gone');
    await account.roles.changePolicies('reader', { attach: [], detach: [readOnly], put: [], delete: ['own'] });
    expect(notes).toEqual([]);
  });

  test('if more is on a role than its deletion knows of', async () => {
    await real.roles.create(role);
    await real.roles.changePolicies('reader', { attach: [readOnly, logs], detach: [], put: [], delete: [] });
    await account.roles.delete('reader', { managed: [readOnly], inline: ['own'] });
    expect([...new Set(notes)]).toEqual([
      `detaching policy ${readOnly} from role reader`,
      `detaching policy ${logs} from role reader`,
      'deleting role reader',
    ]);
  });

  test('and asks nothing more where writes are sent', async () => {
    aws.forgetCalls();
    await real.roles.create(role);
    await real.providers.create({ url, audiences: [], tags: {} });
    await real.buckets('eu-central-1').create(bucket);
    expect(aws.reads).toEqual([]);
    expect(aws.writes).toHaveLength(3);
  });
});
