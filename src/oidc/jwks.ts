import { type Algorithm, algorithms, type Jwk } from './keys.ts';

/** A key of the published set with its times, which are whole seconds. */
export interface PublishedKey {
  readonly jwk: Jwk;
  readonly firstPublished: Date;
  /** When the key was first missing from its source; undefined while it is there. */
  readonly missingSince: Date | undefined;
}

/** The key set as S3 holds it. */
export interface JwksObject {
  readonly body: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * STS refuses every token of an issuer with more than 100 RSA or 100 EC keys; we stop at 100 in all, whose times fit S3's 2 KB.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html
 */
export const maxKeys = 100;

/**
 * The times of the keys, in the metadata of the object. Metadata is written with the object or not at all, and is there if the
 * status is lost. For each key, in the set's order, it holds the first publication and, after `~`, since when the key is missing,
 * as seconds since 1970 in base 36. S3 allows 2 KB of metadata.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html
 */
const timesKey = 'irsa-key-times';

/**
 * The set to publish: all of the published keys and all of the source's, in stable order.
 * A key never leaves: a source without it may be half-written, and pods hold tokens that it signed.
 */
export function merge(published: readonly PublishedKey[], source: readonly Jwk[], now: Date): readonly PublishedKey[] {
  const sources = new Map(source.map((jwk) => [jwk.kid, jwk]));
  const kept = published.map(({ jwk, firstPublished, missingSince }) => {
    const current = sources.get(jwk.kid);
    return {
      jwk: current ?? jwk,
      firstPublished,
      missingSince: current ? undefined : (missingSince ?? wholeSeconds(now)),
    };
  });
  const known = new Set(published.map(({ jwk }) => jwk.kid));
  const added = [...sources.values()]
    .filter(({ kid }) => !known.has(kid))
    .map((jwk) => ({ jwk, firstPublished: wholeSeconds(now), missingSince: undefined }));
  return [...kept, ...added];
}

export function renderJwks(keys: readonly PublishedKey[]): JwksObject {
  const times = keys.map(({ firstPublished, missingSince }) =>
    missingSince ? `${encode(firstPublished)}~${encode(missingSince)}` : encode(firstPublished),
  );
  return {
    body: `${JSON.stringify({ keys: keys.map(({ jwk }) => jwk) }, null, 2)}\n`,
    metadata: { [timesKey]: times.join(' ') },
  };
}

/**
 * The keys of a published set that STS can use, whoever wrote it. Text that is not a key set has none.
 * A key without a time counts as first published at `fallback`.
 */
export function parseJwks({ body, metadata }: JwksObject, fallback: Date): readonly PublishedKey[] {
  const entries = parseEntries(body);
  const times = metadata[timesKey]?.split(' ') ?? [];
  return entries.flatMap((entry, index) => {
    const jwk = toJwk(entry);
    const [first, missing] = times.length === entries.length ? (times[index]?.split('~') ?? []) : [];
    return jwk === undefined
      ? []
      : [{ jwk, firstPublished: decode(first) ?? wholeSeconds(fallback), missingSince: decode(missing) }];
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

const encode = (date: Date) => Math.floor(date.getTime() / 1000).toString(36);

function decode(text: string | undefined): Date | undefined {
  return text !== undefined && /^[0-9a-z]{1,8}$/.test(text) ? new Date(Number.parseInt(text, 36) * 1000) : undefined;
}
