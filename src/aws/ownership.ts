import type { Tags } from './tags.ts';

/** Tags that prove whose an AWS object is: installation, owner and home together. The cluster is for people. */
export const ownershipKeys = {
  installation: 'irsa.giantswarm.io/installation',
  cluster: 'irsa.giantswarm.io/cluster',
  owner: 'irsa.giantswarm.io/owner',
  home: 'irsa.giantswarm.io/home',
} as const;

/** On something that somebody else made: the owner who may adopt it. Only who may tag it can say so. */
export const adoptKey = 'irsa.giantswarm.io/adopt';

/** On a distribution, with a bucket's name behind it: a bucket that it does not read yet, or any more, and that is not removed yet. */
export const otherBucketKey = 'irsa.giantswarm.io/other-bucket/';

/** On a certificate: the name of the DNS record that we made to prove its domain. Without it the record is not ours. */
export const validationRecordKey = 'irsa.giantswarm.io/validation-record';

/** On a certificate: how many were requested in a row, with this one. It counts also after the status was lost. */
export const requestNumberKey = 'irsa.giantswarm.io/request-number';

/** On a certificate: the ARN of the one that it was requested to replace, until that one is deleted. */
export const replacesKey = 'irsa.giantswarm.io/replaces';

export interface Owner {
  readonly installation: string;
  /** `<kind>/<namespace>/<name>`: a name, not a UID, so that a restored object finds its own again. */
  readonly owner: string;
  /** The cluster that the operator runs in, so that a copy of the object in another cluster is not taken for it. */
  readonly home: string;
  /** Other homes whose objects were moved or restored to this one, as somebody declared. */
  readonly takesOver: readonly string[];
  /** Whether the object asks to adopt what carries its name under {@link adoptKey}. */
  readonly adopts: boolean;
  /** Whether an administrator lets the object adopt what nobody claims under the names that it asks for. Absent: not. */
  readonly mayAdopt?: boolean;
}

export type Ownership =
  | { readonly state: 'ours' }
  /** It is the same owner's in a home that is taken over, or both sides want it adopted: the next repair of its tags makes it ours. */
  | { readonly state: 'adoptable' }
  /** It carries none of our tags. */
  | { readonly state: 'unclaimed' }
  /** With a home: it is the same owner's in another cluster. Without: it is somebody else's, or one of the tags is missing. */
  | { readonly state: 'anothers'; readonly home?: string };

/** Whether it carries none of the tags that tell an owner. */
export function isUnclaimed(tags: Tags): boolean {
  const { installation, owner, home } = ownershipKeys;
  return ![installation, owner, home].some((key) => key in tags);
}

/** The one answer to whose an AWS object is. */
export function ownershipOf(
  tags: Tags,
  { installation, owner, home, takesOver, adopts, mayAdopt = false }: Owner,
): Ownership {
  const { installation: installationKey, owner: ownerKey, home: homeKey } = ownershipKeys;
  if (isUnclaimed(tags)) {
    return { state: adopts && (mayAdopt || tags[adoptKey] === owner) ? 'adoptable' : 'unclaimed' };
  }
  const sameOwner = tags[installationKey] === installation && tags[ownerKey] === owner;
  const itsHome = tags[homeKey];
  if (!sameOwner || itsHome === undefined) return { state: 'anothers' };
  if (itsHome === home) return { state: 'ours' };
  return takesOver.includes(itsHome) ? { state: 'adoptable' } : { state: 'anothers', home: itsHome };
}

/** Whether the object may be changed and deleted. */
export function isOurs(tags: Tags, owner: Owner): boolean {
  const { state } = ownershipOf(tags, owner);
  return state === 'ours' || state === 'adoptable';
}

/** Whether the same owner has it in another cluster. */
export function isAnotherClusters(tags: Tags, owner: Owner): boolean {
  const ownership = ownershipOf(tags, owner);
  return ownership.state === 'anothers' && ownership.home !== undefined;
}

/** The cluster is undefined while it is not known. */
export function ownershipTags({ installation, owner, home }: Owner, cluster: string | undefined): Tags {
  return {
    [ownershipKeys.installation]: installation,
    ...(cluster !== undefined && { [ownershipKeys.cluster]: cluster }),
    [ownershipKeys.owner]: owner,
    [ownershipKeys.home]: home,
  };
}
