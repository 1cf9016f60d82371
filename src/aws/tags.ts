/** Tags of an AWS object by key. */
export type Tags = Readonly<Record<string, string>>;

/** Tags that prove whose an object is. Ownership is installation and owner together; the cluster is for people. */
export const ownershipKeys = {
  installation: 'irsa.giantswarm.io/installation',
  cluster: 'irsa.giantswarm.io/cluster',
  owner: 'irsa.giantswarm.io/owner',
} as const;

export interface Owner {
  readonly installation: string;
  /** `<kind>/<namespace>/<name>`: a name, not a UID, so that a restored object finds its own again. */
  readonly owner: string;
}

export interface TagChanges {
  readonly set: Tags;
}

export function ownershipTags(owner: Owner, cluster: string): Tags {
  return {
    [ownershipKeys.installation]: owner.installation,
    [ownershipKeys.cluster]: cluster,
    [ownershipKeys.owner]: owner.owner,
  };
}

export function isOwned(tags: Tags, owner: Owner): boolean {
  return tags[ownershipKeys.installation] === owner.installation && tags[ownershipKeys.owner] === owner.owner;
}

/** Another owner has signed it; where one of the tags is only missing, nobody knows. */
export function isOthers(tags: Tags, { installation, owner }: Owner): boolean {
  const { [ownershipKeys.installation]: signedFor, [ownershipKeys.owner]: signedBy } = tags;
  return signedBy !== undefined && (signedBy !== owner || (signedFor !== undefined && signedFor !== installation));
}

/** Sets what is missing or different. Removes nothing, for a tag that is not said any more cannot be told from a stranger's. */
export function diffTags(observed: Tags, desired: Tags): TagChanges {
  return { set: Object.fromEntries(Object.entries(desired).filter(([key, value]) => observed[key] !== value)) };
}

export function hasChanges({ set }: TagChanges): boolean {
  return Object.keys(set).length > 0;
}

/** IAM, S3, CloudFront and ACM all say tags as a list of Key and Value. */
export function toTagList(tags: Tags): { Key: string; Value: string }[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}

export function fromTagList(
  list: readonly { Key?: string | undefined; Value?: string | undefined }[] | undefined,
): Tags {
  return Object.fromEntries((list ?? []).flatMap(({ Key, Value }) => (Key === undefined ? [] : [[Key, Value ?? '']])));
}
