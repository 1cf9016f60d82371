import { beforeEach, describe, expect, test } from '@jest/globals';
import type { DistributionSpec, Distributions } from '../../../src/aws/distributions.ts';
import * as errors from '../../../src/aws/errors.ts';
import type { EdgeFunctions } from '../../../src/aws/functions.ts';
import { type FakeAws, ServiceError } from '../../fakes/aws/index.ts';
import { distributionWorld } from './distribution-world.ts';
import { failure } from './failure.ts';

let aws: FakeAws;
let distributions: Distributions;
let edgeFunctions: EdgeFunctions;
let distribution: DistributionSpec;
beforeEach(async () => {
  ({ aws, distributions, spec: distribution } = await distributionWorld());
  ({ edgeFunctions } = await aws.connect());
  aws.forgetCalls();
});

const spec = { name: 'one', code: '// ours', comment: 'of abcl0', tags: { owner: 'x' } };
const theOne = () => aws.account().functions.get('one')!;
const operations = () => aws.calls.map(({ operation }) => operation);

test('is created and published with two calls, and has an ARN that follows from its name', async () => {
  await edgeFunctions.create(spec);
  expect(operations()).toEqual(['CreateFunction', 'PublishFunction']);
  expect(theOne()).toMatchObject({ comment: 'of abcl0', live: { code: '// ours' }, tags: { owner: 'x' } });
  expect(edgeFunctions.arn('one')).toBe(theOne().arn);
});

test('exists once by name', async () => {
  await edgeFunctions.create(spec);
  expect(errors.isAlreadyExists(await failure(edgeFunctions.create(spec)))).toBe(true);
});

test('an account that may have no more functions is a quota that only a person can raise', async () => {
  aws.failNext('CreateFunction', new ServiceError('TooManyFunctions', 400));
  expect(errors.describe(await failure(edgeFunctions.create(spec)))?.kind).toBe('limitExceeded');
});

test('its code is found as it was written last', async () => {
  expect(await edgeFunctions.findCode('one')).toBeUndefined();
  await edgeFunctions.create(spec);
  theOne().written.code = '// changed';
  expect(await edgeFunctions.findCode('one')).toBe('// changed');
});

describe('a repair', () => {
  test('of what is right is one read', async () => {
    await edgeFunctions.create(spec);
    aws.forgetCalls();
    expect(await edgeFunctions.repair(spec)).toBe('right');
    expect(operations()).toEqual(['GetFunction']);
  });

  test('of what is not there makes nothing', async () => {
    expect(await edgeFunctions.repair(spec)).toBe('absent');
    expect(aws.writes).toEqual([]);
  });

  test('writes other code over, with the version that was read, and publishes it', async () => {
    await edgeFunctions.create({ ...spec, code: '// theirs' });
    aws.forgetCalls();
    expect(await edgeFunctions.repair(spec)).toBe('repaired');
    expect(aws.writes).toEqual(['UpdateFunction', 'PublishFunction']);
    expect(theOne()).toMatchObject({ written: { code: '// ours' }, live: { code: '// ours' } });
  });

  test('publishes what was never published', async () => {
    await edgeFunctions.create(spec);
    theOne().live = undefined;
    aws.forgetCalls();
    expect(await edgeFunctions.repair(spec)).toBe('repaired');
    expect(aws.writes).toEqual(['PublishFunction']);
    expect(theOne().live).toMatchObject({ code: '// ours' });
  });

  test('never writes over what changed since it was read', async () => {
    await edgeFunctions.create({ ...spec, code: '// theirs' });
    aws.gate = (operation, act) => {
      if (operation === 'UpdateFunction') theOne().written.etag = 'CHANGED';
      return act();
    };
    expect(errors.isPreconditionFailed(await failure(edgeFunctions.repair(spec)))).toBe(true);
    expect(theOne().live).toMatchObject({ code: '// theirs' });
  });
});

test('sees requests once it is published, goes after its distribution, and is happy to be gone', async () => {
  const viewerRequestFunctionARN = edgeFunctions.arn('one');
  const refused = await failure(distributions.create({ ...distribution, viewerRequestFunctionARN }));
  expect(errors.describe(refused)?.code).toBe('InvalidFunctionAssociation');
  await edgeFunctions.create(spec);
  const { id } = await distributions.create({ ...distribution, viewerRequestFunctionARN });
  expect(await distributions.find(id)).toMatchObject({ viewerRequestFunctionARN });
  expect(errors.isInUse(await failure(edgeFunctions.delete('one')))).toBe(true);

  await distributions.delete(id);
  aws.deploy();
  await distributions.delete(id);
  await edgeFunctions.delete('one');
  await edgeFunctions.delete('one');
  expect(aws.account().functions.size).toBe(0);
});
