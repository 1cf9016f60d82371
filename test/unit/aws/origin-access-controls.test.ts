import { beforeEach, expect, test } from '@jest/globals';
import type { Distributions, DistributionSpec } from '../../../src/aws/distributions.ts';
import * as errors from '../../../src/aws/errors.ts';
import type { OriginAccessControls } from '../../../src/aws/origin-access-controls.ts';
import { type FakeAws, ServiceError } from '../../fakes/aws/index.ts';
import { distributionWorld } from './distribution-world.ts';
import { failure } from './failure.ts';

let aws: FakeAws;
let distributions: Distributions;
let originAccessControls: OriginAccessControls;
let spec: DistributionSpec;
beforeEach(async () => {
  ({ aws, distributions, originAccessControls, spec } = await distributionWorld());
});

const created = {
  Name: 'bucket',
  OriginAccessControlOriginType: 's3',
  SigningBehavior: 'always',
  SigningProtocol: 'sigv4',
};

function theOne() {
  return aws.account().originAccessControls.get(spec.originAccessControlID)!;
}

test('are found by name, on every page', async () => {
  aws.pageSize = 1;
  const { id } = await originAccessControls.create('second');
  expect(await originAccessControls.find('second')).toEqual({ id, name: 'second', signs: true });
  expect(await originAccessControls.find('third')).toBeUndefined();
});

test('sign always, with sigv4, for S3', () => {
  expect(theOne().config).toEqual(created);
});

test('exist once by name', async () => {
  expect(errors.isAlreadyExists(await failure(originAccessControls.create('bucket')))).toBe(true);
});

test.each([
  { SigningBehavior: 'never' },
  { SigningBehavior: 'no-override' },
  { OriginAccessControlOriginType: 'lambda' },
] as const)('are seen not to sign with %j, and an update repairs it and keeps the description', async (drift) => {
  Object.assign(theOne().config, drift, { Description: 'kept' });
  expect(await originAccessControls.find('bucket')).toMatchObject({ signs: false });

  aws.forgetCalls();
  await originAccessControls.update(spec.originAccessControlID);
  expect(aws.calls.map(({ operation }) => operation)).toEqual(['GetOriginAccessControl', 'UpdateOriginAccessControl']);
  expect(theOne().config).toEqual({ ...created, Description: 'kept' });
  expect(await originAccessControls.find('bucket')).toMatchObject({ signs: true });
});

test('are not written over what changed since they were read', async () => {
  aws.failNext('UpdateOriginAccessControl', new ServiceError('PreconditionFailed', 412));
  const refused = await failure(originAccessControls.update(spec.originAccessControlID));
  expect(errors.isPreconditionFailed(refused)).toBe(true);
});

test('go after their distribution, and are happy to be gone', async () => {
  const { id } = await distributions.create(spec);
  const inUse = await failure(originAccessControls.delete(spec.originAccessControlID));
  expect(errors.isInUse(inUse)).toBe(true);

  await distributions.delete(id);
  aws.deploy();
  await distributions.delete(id);
  await originAccessControls.delete(spec.originAccessControlID);
  await originAccessControls.delete(spec.originAccessControlID);
  expect(aws.account().originAccessControls.size).toBe(0);
});
