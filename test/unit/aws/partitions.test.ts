import { expect, test } from '@jest/globals';
import { defaultAudiences, partitionOf } from '../../../src/aws/partitions.ts';

test.each([
  ['eu-central-1', 'aws', 'amazonaws.com'],
  ['cn-north-1', 'aws-cn', 'amazonaws.com.cn'],
  ['us-gov-west-1', 'aws-us-gov', 'amazonaws.com'],
  ['us-iso-east-1', 'aws-iso', 'c2s.ic.gov'],
  ['eusc-de-east-1', 'aws-eusc', 'amazonaws.eu'],
])('%s is in partition %s with names under %s', (region, name, dnsSuffix) => {
  expect(partitionOf(region)).toEqual({ name, dnsSuffix });
});

test('the audience is the same everywhere, and in China there is a second', () => {
  expect(defaultAudiences(partitionOf('us-gov-west-1'))).toEqual(['sts.amazonaws.com']);
  expect(defaultAudiences(partitionOf('cn-north-1'))).toEqual(['sts.amazonaws.com', 'sts.amazonaws.com.cn']);
});
