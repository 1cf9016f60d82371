import { describe, expect, test } from '@jest/globals';
import * as names from '../../../src/aws/names.ts';

/** Names can never change: each golden value here is some user's role or bucket. */
describe('role names', () => {
  test('are these', () => {
    expect(names.roleName('ginger', 'default', 's3-reader')).toBe('s3-reader-1d916851568ca925');
    expect(names.rolePath('ginger', 'default')).toBe('/irsa/ginger/default/');
  });

  test('of the longest object fit, and differ where the cut makes them equal', () => {
    const long = 'a'.repeat(127);
    const [one, other] = [
      names.roleName('ginger', 'default', `${long}b`),
      names.roleName('ginger', 'default', `${long}c`),
    ];

    expect(one).toHaveLength(64);
    expect(one).not.toBe(other);
  });

  test('differ by namespace and by installation', () => {
    const all = [
      names.roleName('ginger', 'a', 'x'),
      names.roleName('ginger', 'b', 'x'),
      names.roleName('gauss', 'a', 'x'),
    ];
    expect(new Set(all).size).toBe(3);
  });
});

describe('names of functions', () => {
  const owner = { installation: 'ginger', namespace: 'default', name: 'abcl0' };

  test('are these', () => {
    expect(names.functionName(owner, 'irsa.abcl0.example.com')).toBe('irsa_ginger_204f14294cd0d5c3');
  });

  test('of the longest installation fit', () => {
    const name = names.functionName({ ...owner, installation: 'i'.repeat(32) }, 'irsa.abcl0.example.com');
    expect(name).toMatch(/^[a-zA-Z0-9-_]{1,64}$/);
  });

  test('differ by all that the site has of its own', () => {
    const all = [
      names.functionName(owner, 'a.example.com'),
      names.functionName(owner, 'b.example.com'),
      names.functionName({ ...owner, name: 'abcl1' }, 'a.example.com'),
      names.functionName({ ...owner, namespace: 'other' }, 'a.example.com'),
      names.functionName({ ...owner, installation: 'gauss' }, 'a.example.com'),
    ];
    expect(new Set(all.map((name) => name.split('_')[2])).size).toBe(5);
  });
});

describe('bucket names', () => {
  const owner = { installation: 'ginger', namespace: 'default', name: 'abcl0', cluster: 'abcl0' };
  const accountID = '111122223333';

  test('are account-regional where the region has such buckets', () => {
    const name = names.bucketName(owner, { accountID, region: 'eu-central-1' });

    expect(name).toBe('abcl0-4dea126f-111122223333-eu-central-1-an');
    expect(names.isAccountRegional(name, { accountID, region: 'eu-central-1' })).toBe(true);
  });

  test('are global elsewhere', () => {
    const name = names.bucketName(owner, { accountID, region: 'me-south-1' });

    expect(name).toBe('abcl0-4dea126f-111122223333-me-south-1');
    expect(names.isAccountRegional(name, { accountID, region: 'me-south-1' })).toBe(false);
    // There -an is no promise: somebody may have chosen a name that ends so.
    expect(names.isAccountRegional(`${name}-an`, { accountID, region: 'me-south-1' })).toBe(false);
  });

  test.each(['us-east-1', 'ap-northeast-1', 'cn-northwest-1', 'us-gov-west-1', 'me-central-1'])(
    'of the longest cluster fit in %s',
    (region) => {
      const name = names.bucketName({ ...owner, cluster: 'c'.repeat(63) }, { accountID, region });

      expect(name).toHaveLength(63);
      expect(name).toMatch(/^[a-z0-9-]+$/);
    },
  );

  test.each([
    ['x-111122223333-eu-central-1-an', true],
    ['x-999988887777-eu-central-1-an', false],
    ['x-111122223333-eu-west-1-an', false],
    ['111122223333-g8s-abcl0-oidc-pod-identity-v2', false],
  ])('%s is account-regional: %p', (name, expected) => {
    expect(names.isAccountRegional(name, { accountID, region: 'eu-central-1' })).toBe(expected);
  });
});

describe('references', () => {
  test('fit every service: 32 of \\w', () => {
    expect(names.reference('0d5c2b1e-77a3-4c7e-9a53-1d1f3b0a9a11', 'irsa.abcl0.example.com')).toMatch(/^\w{32}$/);
  });

  test('stay the same for an object and a name, and change with what is replaced', () => {
    expect(names.reference('uid', 'a')).toBe(names.reference('uid', 'a'));
    const others = [names.reference('uid', 'b'), names.reference('uid', 'a', 'E1'), names.reference('uid2', 'a')];
    expect(new Set([names.reference('uid', 'a'), ...others]).size).toBe(4);
  });
});

test('a bucket is addressed by its regional name', () => {
  const aws = { name: 'aws', dnsSuffix: 'amazonaws.com' };
  expect(names.bucketDomain('b', 'eu-central-1', aws)).toBe('b.s3.eu-central-1.amazonaws.com');
});

test('names compare without case and trailing dot', () => {
  expect(names.plainName('_X.Irsa.example.com.')).toBe('_x.irsa.example.com');
});
