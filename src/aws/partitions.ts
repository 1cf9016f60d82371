import { partition } from '@aws-sdk/core/client';

export interface Partition {
  /** As in ARNs: `aws`, `aws-cn`, … */
  readonly name: string;
  /** `amazonaws.com`, … */
  readonly dnsSuffix: string;
}

/** The SDK's own data, so that the next SDK knows the next region. */
export function partitionOf(region: string): Partition {
  const { name, dnsSuffix } = partition(region);
  return { name, dnsSuffix };
}

/**
 * AWS compares an audience only with the provider's list. In China tools disagree about the audience, so both are registered.
 * The first is the one that the pod identity webhook asks for.
 */
export function defaultAudiences({ name, dnsSuffix }: Partition): readonly string[] {
  return name === 'aws-cn' ? ['sts.amazonaws.com', `sts.${dnsSuffix}`] : ['sts.amazonaws.com'];
}
