import { decodeTimes, encodeTimes } from './key-times.ts';
import { type Algorithm, algorithms, type Jwk } from './keys.ts';

/** A key of the published set with its times, which are whole seconds. */
export interface PublishedKey {
  readonly jwk: Jwk;
  readonly firstPublished: Date;
  /** When the key was first missing from its source; undefined while it is there, and if it never was there. */
  readonly missingSince: Date | undefined;
  /** Whether a source of ours ever had the key. Else somebody else published it, such as an older operator. */
  readonly wasInSource: boolean;
}

/** What was read of the source of the keys. */
export interface SourceKeys {
  readonly keys: readonly Jwk[];
  /** Whether all that the source holds was understood. Else a key that seems to be missing may be in the rest. */
  readonly isWhole: boolean;
}

export interface MergeOptions {
  readonly now: Date;
  /** Milliseconds for which a key stays published after it left its source. */
  readonly retention: number;
}

/** The key set as S3 holds it. */
export interface JwksObject {
  readonly body: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * STS refuses every token of an issuer with more than 100 RSA keys or more than 100 EC keys.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html
 */
export const maxKeysOfKind = 100;

/** The times of the keys, in the metadata of the object. Metadata is written with the object or not at all, and is there if the status is lost. */
const timesKey = 'irsa-key-times';

/** Beside them: the issuer was deleted, and its documents stayed. */
const releasedKey = 'irsa-released';

/**
 * The set to publish: the source's keys and those that are published, in stable order. A key that left its source stays for the
 * time of the retention, because pods hold tokens that it signed. It is dropped only at a look that understood the whole source.
 * A key that was in no source of ours stays, because it may be the one that the cluster signs with.
 */
export function merge(
  published: readonly PublishedKey[],
  source: SourceKeys,
  { now, retention }: MergeOptions,
): readonly PublishedKey[] {
  const sources = new Map(source.keys.map((jwk) => [jwk.kid, jwk]));
  const mayDrop = source.isWhole && sources.size > 0;
  const kept = published
    .map((key) => {
      const current = sources.get(key.jwk.kid);
      if (current) return { ...key, jwk: current, missingSince: undefined, wasInSource: true };
      const isMissed = mayDrop && key.wasInSource;
      return { ...key, missingSince: key.missingSince ?? (isMissed ? wholeSeconds(now) : undefined) };
    })
    .filter(({ missingSince }) => !mayDrop || !missingSince || now.getTime() - missingSince.getTime() < retention);
  const known = new Set(published.map(({ jwk }) => jwk.kid));
  const added = [...sources.values()]
    .filter(({ kid }) => !known.has(kid))
    .map((jwk) => ({ jwk, firstPublished: wholeSeconds(now), missingSince: undefined, wasInSource: true }));
  return [...kept, ...added];
}

export const isReleased = ({ metadata }: JwksObject): boolean => metadata[releasedKey] !== undefined;

/** The same key set, for whoever publishes under the same name later: it belonged to an issuer that was deleted. */
export const released = ({ body, metadata }: JwksObject): JwksObject => ({
  body,
  metadata: { ...metadata, [releasedKey]: 'true' },
});

/** The published keys to go on with, and the predecessor's that are left behind. */
export interface TakenUp {
  readonly keys: readonly PublishedKey[];
  readonly leftBehind: readonly PublishedKey[];
  /** The keys stay released, because the source does not tell yet whose they are. */
  readonly isReleased: boolean;
}

/**
 * Whoever holds a key of a released set could issue tokens for the new cluster. So the set is taken up only if the source has one of
 * its keys, which shows that the cluster is the same one. Another cluster begins with its own keys.
 */
export function takeUp(published: JwksObject, source: SourceKeys | undefined, now: Date): TakenUp {
  const keys = parseJwks(published, now);
  if (!isReleased(published)) return { keys, leftBehind: [], isReleased: false };
  const sources = new Set((source?.keys ?? []).map(keyTraits));
  if (keys.some(({ jwk }) => sources.has(keyTraits(jwk)))) return { keys, leftBehind: [], isReleased: false };
  if (source?.isWhole && sources.size > 0) return { keys: [], leftBehind: keys, isReleased: false };
  return { keys, leftBehind: [], isReleased: true };
}

/** The kind of which there are too many keys for STS. Undefined: there is none. */
export function excessiveKind(keys: readonly PublishedKey[]): { kind: Jwk['kty']; count: number } | undefined {
  return (['RSA', 'EC'] as const)
    .map((kind) => ({ kind, count: keys.filter(({ jwk }) => jwk.kty === kind).length }))
    .find(({ count }) => count > maxKeysOfKind);
}

export function renderJwks(keys: readonly PublishedKey[]): JwksObject {
  return {
    body: `${JSON.stringify({ keys: keys.map(({ jwk }) => jwk) }, null, 2)}\n`,
    metadata: { [timesKey]: encodeTimes(keys) },
  };
}

/**
 * The keys of a published set that STS can use, whoever wrote it. Text that is not a key set has none.
 * A key without a time counts as first published at `fallback`, and as one that was in no source of ours.
 */
export function parseJwks({ body, metadata }: JwksObject, fallback: Date): readonly PublishedKey[] {
  const entries = parseEntries(body);
  const times = decodeTimes(metadata[timesKey] ?? '', entries.length);
  const unknown = { firstPublished: wholeSeconds(fallback), missingSince: undefined, wasInSource: false };
  return entries.flatMap((entry, index) => {
    const jwk = toJwk(entry);
    return jwk === undefined ? [] : [{ jwk, ...(times?.[index] ?? unknown) }];
  });
}

/** The parts of a key set's entry that say which key it is. Two entries with the same traits verify the same tokens. */
export function keyTraits(entry: unknown): string {
  if (!isRecord(entry)) return JSON.stringify(entry);
  const { kid, kty, n, e, crv, x, y } = entry;
  return JSON.stringify([kid, kty, entry['alg'] ?? defaultAlgorithm(kty, crv), n, e, crv, x, y]);
}

/** The entries of a key set as they are, whoever wrote it. Text that is not a key set has none. */
export function parseEntries(body: string): readonly unknown[] {
  try {
    const parsed: unknown = JSON.parse(body);
    return isRecord(parsed) && Array.isArray(parsed['keys']) ? parsed['keys'] : [];
  } catch {
    return [];
  }
}

/** Takes over only the parts of a public key. */
function toJwk(entry: unknown): Jwk | undefined {
  if (!isRecord(entry)) return undefined;
  const { kid, kty, n, e, crv, x, y } = entry;
  const alg = entry['alg'] ?? defaultAlgorithm(kty, crv);
  if (typeof kid !== 'string' || kid === '' || !isAlgorithm(alg)) return undefined;
  if (kty === 'RSA' && typeof n === 'string' && typeof e === 'string') return { kid, use: 'sig', alg, kty, n, e };
  if (kty === 'EC' && typeof crv === 'string' && typeof x === 'string' && typeof y === 'string') {
    return { kid, use: 'sig', alg, kty, crv, x, y };
  }
  return undefined;
}

/** Some writers leave `alg` out. Then the key's type decides, as in kube-apiserver. */
function defaultAlgorithm(kty: unknown, crv: unknown): Algorithm | undefined {
  if (kty === 'RSA') return 'RS256';
  return crv === 'P-256' ? 'ES256' : crv === 'P-384' ? 'ES384' : crv === 'P-521' ? 'ES512' : undefined;
}

const isAlgorithm = (value: unknown): value is Algorithm => algorithms.some((algorithm) => algorithm === value);

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const wholeSeconds = (date: Date) => new Date(Math.floor(date.getTime() / 1000) * 1000);
