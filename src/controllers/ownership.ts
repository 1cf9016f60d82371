import type { IAMServiceAccount, OIDCIssuer } from '../api/kinds.ts';
import { annotations } from '../api/names.ts';
import type { Resource } from '../api/resources.ts';
import { type Owner, ownershipKeys, ownershipOf } from '../aws/ownership.ts';
import type { Tags } from '../aws/tags.ts';
import type { Pass } from '../runtime/definition.ts';
import { NotSeenYet, TerminalError } from './explain.ts';
import type { Settings } from './settings.ts';

/** The owner by which AWS objects of this object are made and recognized. */
export function ownerOf(
  resource: Resource,
  { metadata }: OIDCIssuer | IAMServiceAccount,
  { installation, home, takeOver }: Pick<Settings, 'installation' | 'home' | 'takeOver'>,
): Owner {
  const declared = metadata.annotations?.[annotations.takeOver];
  return {
    installation,
    owner: `${resource.kind}/${metadata.namespace}/${metadata.name}`,
    home,
    takesOver: declared === undefined ? takeOver : [...takeOver, declared],
    adopts: metadata.annotations?.[annotations.adopt] === 'true',
  };
}

/** For removals: only what a pass has already taken over or adopted may be deleted. */
export const withoutTakeOver = (owner: Owner): Owner => ({ ...owner, takesOver: [], adopts: false });

/** Something on AWS that was found under a name of ours. */
export interface Found {
  /** `bucket b`, for messages. */
  readonly what: string;
  readonly tags: Tags;
  /** It was made just now: AWS may not show its tags yet. */
  readonly isNew?: boolean;
}

/** Without any tag, something that was made just now tells nothing about whose it is. */
export const mayLackTags = ({ tags, isNew = false }: Omit<Found, 'what'>) => isNew && Object.keys(tags).length === 0;

/** @throws NotSeenYet if nobody can tell yet whose it is */
export function mustShowTags(found: Found): void {
  if (mayLackTags(found)) throw new NotSeenYet(`AWS does not show the tags of ${found.what} yet`);
}

/** @throws TerminalError if it may not be changed, with what to do about that; NotSeenYet if nobody can tell yet */
export function mustBeOurs(found: Found, owner: Owner, remedy = 'it is left alone'): void {
  mustShowTags(found);
  const { what, tags } = found;
  const ownership = ownershipOf(tags, owner);
  switch (ownership.state) {
    case 'ours':
    case 'adoptable':
      return;
    case 'unclaimed':
      throw notOwned(what, remedy);
    case 'anothers':
      if (ownership.home !== undefined) throw ownedByAnotherCluster(what, ownership.home);
      throw ownedByAnotherObject(what, tags, owner) ?? notOwned(what, remedy);
  }
}

/** For things of which there may be several: a copy of an object must not make one beside that of the original. */
export function mustNotBeAnotherClusters({ what, tags }: Found, owner: Owner): void {
  const ownership = ownershipOf(tags, owner);
  if (ownership.state === 'anothers' && ownership.home !== undefined) throw ownedByAnotherCluster(what, ownership.home);
}

export function notOwned(what: string, remedy = 'it is left alone'): TerminalError {
  return new TerminalError('NotOwned', `${what} exists and does not carry this object's tags: ${remedy}`);
}

/** Of another namespace no more is told than that it is one. Undefined if none of our objects has it. */
function ownedByAnotherObject(what: string, tags: Tags, { installation, owner }: Owner): TerminalError | undefined {
  const { [ownershipKeys.installation]: itsInstallation, [ownershipKeys.owner]: itsOwner } = tags;
  if (itsInstallation !== installation || itsOwner === undefined || itsOwner === owner) return undefined;
  const [kind, namespace, name] = itsOwner.split('/');
  const holder = namespace === owner.split('/')[1] ? `${kind} ${name}` : 'an object of another namespace';
  return new TerminalError('NotOwned', `${what} belongs to ${holder} and is left alone: choose another name`);
}

function ownedByAnotherCluster(what: string, home: string): TerminalError {
  const message =
    `${what} belongs to an object of this name in another cluster, with the UID ${home} of namespace kube-system, and is left alone: ` +
    `if that object was moved or restored to this cluster to stay, annotate this one with ${annotations.takeOver}=${home}, ` +
    "or list that UID under takeOver in the operator's configuration";
  return new TerminalError('OwnedByAnotherCluster', message);
}

/** Sends an event about something that a removal does not touch. */
export function leftAlone(pass: Pass, what: string): void {
  pass.event('Warning', 'LeftAlone', `${what} is not this object's and is not deleted`);
}
