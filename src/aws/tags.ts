/** Tags of an AWS object by key. */
export type Tags = Readonly<Record<string, string>>;

export interface TagChanges {
  readonly set: Tags;
  /** Keys as AWS has them. */
  readonly remove: readonly string[];
}

export interface TagRules {
  /** Keys that we set once. Of those that are no longer desired the tags go; all other tags are somebody else's and stay. */
  readonly former?: readonly string[];
  /**
   * Keys that differ only in case are one, as on IAM roles. Everywhere else they are several.
   * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html#id_tags_rules
   */
  readonly ignoreCase?: boolean;
}

export function diffTags(
  observed: Tags,
  desired: Tags,
  { former = [], ignoreCase = false }: TagRules = {},
): TagChanges {
  const normal = (key: string) => (ignoreCase ? key.toLowerCase() : key);
  const values = new Map(Object.entries(observed).map(([key, value]) => [normal(key), value]));
  const wanted = new Set(Object.keys(desired).map(normal));
  const gone = new Set(former.map(normal).filter((key) => !wanted.has(key)));
  return {
    set: Object.fromEntries(Object.entries(desired).filter(([key, value]) => values.get(normal(key)) !== value)),
    remove: Object.keys(observed).filter((key) => gone.has(normal(key))),
  };
}

export function hasChanges({ set, remove }: TagChanges): boolean {
  return Object.keys(set).length > 0 || remove.length > 0;
}

/** The tags after the changes. */
export function changedTags(observed: Tags, { set, remove }: TagChanges): Tags {
  return { ...Object.fromEntries(Object.entries(observed).filter(([key]) => !remove.includes(key))), ...set };
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
