/** Tags of an AWS object by key. */
export type Tags = Readonly<Record<string, string>>;

export interface TagChanges {
  readonly set: Tags;
}

/** Sets what is missing or different. It removes nothing, because a tag that left the spec cannot be told from a stranger's. */
export function diffTags(observed: Tags, desired: Tags): TagChanges {
  return { set: Object.fromEntries(Object.entries(desired).filter(([key, value]) => observed[key] !== value)) };
}

export function hasChanges({ set }: TagChanges): boolean {
  return Object.keys(set).length > 0;
}

/** IAM, S3, CloudFront and ACM all write tags as a list of Key and Value. */
export function toTagList(tags: Tags): { Key: string; Value: string }[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}

export function fromTagList(
  list: readonly { Key?: string | undefined; Value?: string | undefined }[] | undefined,
): Tags {
  return Object.fromEntries((list ?? []).flatMap(({ Key, Value }) => (Key === undefined ? [] : [[Key, Value ?? '']])));
}
