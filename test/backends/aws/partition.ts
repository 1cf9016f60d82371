/**
 * The partition that a region belongs to, as ARNs in it name it. Of all partitions, those that tests work in.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
 */
export function partitionOf(region: string): 'aws' | 'aws-cn' {
  return region.startsWith('cn-') ? 'aws-cn' : 'aws';
}

/** What of a partition answers for all its regions. */
export const homeRegion = (partition: string): string => (partition === 'aws-cn' ? 'cn-north-1' : 'us-east-1');
