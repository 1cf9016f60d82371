import { annotations } from '../../../api/names.ts';
import { type KeyPair, type PublicKeys, publicKeys } from '../../../oidc/keys.ts';
import type { SecretParts } from '../../../runtime/secrets.ts';
import type { Act, Evidence, Rotation } from './rotation.ts';
import { parsed } from './source.ts';

/** The entries of a generated Secret. The first two have the names that Giant Swarm's control planes mount. */
export const entries = {
  /** The private key that API servers sign with. */
  key: 'key',
  /** The public keys that API servers verify with. */
  pub: 'pub',
  /** The private key that takes over, until it does. */
  nextKey: 'next.key',
  /** Its public key, until the rotation ends. */
  nextPub: 'next.pub',
  /** What `pub` held before the rotation, until the rotation ends. */
  previousPub: 'previous.pub',
} as const;

/** What each pass reads: nothing private. */
export const publicParts = {
  entries: [entries.pub, entries.nextPub, entries.previousPub],
  annotations: [annotations.rotate, annotations.signingKey, annotations.generatedFor, annotations.generatedForUID],
} as const;

/** What a generated Secret says. */
export interface GeneratedSecret extends Pick<Evidence, 'verified' | 'next'> {
  readonly pub: PublicKeys;
  /** The keys that a rotation replaces. */
  readonly previous: readonly string[];
  /** The request for a rotation that was carried out last. */
  readonly rotated: string | undefined;
}

/** @param what the Secret, for messages */
export function readGenerated(parts: SecretParts, what: string): GeneratedSecret {
  const read = (entry: string): PublicKeys => {
    const text = parts.entries[entry];
    if (text === undefined) return { keys: [], leftOut: [] };
    return parsed(`entry ${entry} of ${what}`, () => publicKeys(text));
  };
  const kids = ({ keys }: PublicKeys) => keys.map(({ kid }) => kid);
  const pub = read(entries.pub);
  const [kid] = kids(read(entries.nextPub));
  return {
    pub,
    verified: kids(pub),
    next: kid === undefined ? undefined : { kid, isPromoted: parts.annotations[annotations.signingKey] === kid },
    previous: kids(read(entries.previousPub)).filter((each) => each !== kid),
    rotated: parts.annotations[annotations.rotate],
  };
}

/** The keys of the Secret, without those that no API server signs with any more: the time of these runs. */
export function sourceKeys({ pub, previous }: GeneratedSecret, rotation: Rotation | undefined): PublicKeys {
  if (rotation?.stage !== 'Retiring') return pub;
  return { ...pub, keys: pub.keys.filter(({ kid }) => !previous.includes(kid)) };
}

/** Of entries and annotations those that change. null: the entry goes. */
export interface SecretChange {
  readonly entries: Readonly<Record<string, string | null>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface Change {
  /** The new key of `begin`. */
  readonly pair: KeyPair;
  /** The request for a rotation that `begin` carries out. Undefined: it was time for one. */
  readonly request: string | undefined;
  /** The entry `next.key`, for `promote`. */
  readonly nextKey: string;
}

/** What each act changes in the Secret. It is written at once, so that no API server ever sees half of it. */
export const changes: Readonly<Record<Act, (parts: SecretParts, change: Change) => SecretChange>> = {
  begin: ({ entries: { pub = '' } }, { pair, request }) => ({
    entries: {
      [entries.nextKey]: pair.privateKey,
      [entries.nextPub]: pair.publicKey,
      [entries.previousPub]: pub,
      [entries.pub]: joined(pub, pair.publicKey),
    },
    ...(request !== undefined && { annotations: { [annotations.rotate]: request } }),
  }),
  announce: ({ entries: parts }) => ({
    entries: { [entries.pub]: joined(parts[entries.pub] ?? '', parts[entries.nextPub] ?? '') },
  }),
  promote: ({ entries: parts }, { nextKey }) => ({
    entries: { [entries.key]: nextKey, [entries.nextKey]: null },
    annotations: { [annotations.signingKey]: publicKeys(parts[entries.nextPub] ?? '').keys[0]?.kid ?? '' },
  }),
  finish: ({ entries: parts }) => ({
    entries: { [entries.pub]: kept(parts), [entries.nextPub]: null, [entries.previousPub]: null },
  }),
};

/** Without the keys that were replaced. What somebody added meanwhile is not ours to take away. */
function kept({
  pub = '',
  [entries.nextPub]: next = '',
  [entries.previousPub]: previous = '',
}: SecretParts['entries']): string {
  const replaced = new Set(
    [next, previous].flatMap((text) => (text === '' ? [] : publicKeys(text).keys)).map(({ kid }) => kid),
  );
  return publicKeys(pub).keys.every(({ kid }) => replaced.has(kid)) ? next : pub;
}

const joined = (first: string, second: string) => `${first.trimEnd()}\n${second}`.trimStart();
