import type { OIDCIssuerStatus } from '../../../api/generated/oidc-issuer.ts';
import { annotations } from '../../../api/names.ts';
import { toTime } from '../time.ts';

/** What is recorded of a rotation that is under way. Its stages follow one another in the order of the type's values. */
export type Rotation = NonNullable<OIDCIssuerStatus['rotation']>;

/** What a rotation is decided by. Keys are called by their key ids. */
export interface Evidence {
  readonly now: Date;
  /** A rotation is asked for and has not begun. */
  readonly isAsked: boolean;
  /** The keys that the Secret tells the API servers to verify tokens with. */
  readonly verified: readonly string[];
  /** The key that takes over. Undefined: the Secret has none. `isPromoted`: the Secret tells the API servers to sign with it. */
  readonly next: { readonly kid: string; readonly isPromoted: boolean } | undefined;
  /** The published keys, with the time of the first publication. */
  readonly published: ReadonlyMap<string, Date>;
  /** Exactly what is published is served, as far as the last look showed. */
  readonly isServed: boolean;
  /** Tokens may carry the URL of a former site, of whose keys nothing is recorded. */
  readonly hasFormerSites: boolean;
  /** Somebody says of this key that every API server verifies tokens with it. */
  readonly confirmed: string | undefined;
  /** Somebody says of this key that every API server signs with it, or says `hold`. */
  readonly signing: string | undefined;
  /** The keys that one of the cluster's API servers verifies tokens with. Undefined: the cluster cannot be asked now. */
  readonly cluster: ReadonlySet<string> | undefined;
  readonly tokens: FreshTokens;
}

/** What tokens that the cluster issued just now tell of its API servers. */
export interface FreshTokens {
  /** The keys that signed them. */
  readonly seen: ReadonlySet<string>;
  /** For people: why some are missing, or all. Undefined: none is, or nobody asks for any. */
  readonly why?: string;
}

/** Milliseconds. */
export interface Times {
  /** STS and others may not know a key that was published a shorter time ago. */
  readonly cache: number;
  /** Tokens that a key signed may live as long. */
  readonly retention: number;
}

/**
 * `begin`: make the next key, and let API servers verify with it. `announce`: let them verify with it again. `promote`: let them
 * sign with it. `finish`: let them verify with nothing else.
 */
export type Act = 'begin' | 'announce' | 'promote' | 'finish';

export interface Decision {
  /** Undefined: no rotation is under way. */
  readonly rotation: Rotation | undefined;
  readonly act?: Act;
  /** For people: what the rotation waits for. */
  readonly waitsFor?: string;
}

/**
 * The next stage of a rotation. API servers sign with a key only after it was published for as long as somebody may not know
 * it, and after each of them verifies with it; a former key goes only when no token that it signed lives any more.
 */
export function decide(recorded: Rotation | undefined, evidence: Evidence, times: Times): Decision {
  const { next } = evidence;
  if (!next) return begin(evidence);
  const known = recorded?.kid === next.kid ? recorded : undefined;
  const stages = new Stages(known, next.kid, evidence.now);
  return next.isPromoted ? retire(stages, evidence, times) : promote(stages, evidence, times);
}

function begin({ isAsked, verified, published, isServed }: Evidence): Decision {
  if (!isAsked) return { rotation: undefined };
  if (isServed && verified.every((kid) => published.has(kid))) return { rotation: undefined, act: 'begin' };
  return {
    rotation: undefined,
    waitsFor: 'a rotation begins once the present keys are published and Verified is True',
  };
}

function promote(stages: Stages, evidence: Evidence, { cache }: Times): Decision {
  const { now, verified, published, cluster, confirmed, signing } = evidence;
  const { kid } = stages;
  if (!verified.includes(kid)) return { rotation: stages.at('Publishing'), act: 'announce' };
  const since = published.get(kid);
  if (!since) return { rotation: stages.at('Publishing'), waitsFor: 'the next key is being published' };
  const listedSince = cluster && !cluster.has(kid) ? undefined : (stages.listedSince ?? (cluster && now));
  const rotation = { ...stages.at('AwaitingPromotion'), ...(listedSince && { listedSince: toTime(listedSince) }) };
  const wait = (waitsFor: string): Decision => ({ rotation, waitsFor });
  const knownFrom = (date: Date) => new Date(date.getTime() + cache);
  if (evidence.hasFormerSites) return wait('API servers sign with it once the former sites are retired');
  if (!evidence.isServed) return wait('API servers sign with it once Verified is True');
  if (signing === kid) {
    return wait(`no API server signs with it yet: take away the annotation ${annotations.rotationSigning}`);
  }
  if (now < knownFrom(since)) return wait(`STS may not know it before ${toTime(knownFrom(since))}`);
  const sayIt = `annotate this object with ${annotations.rotationConfirmed}=${kid} once all of them have read the Secret again`;
  if (confirmed === kid) {
    if (!cluster || cluster.has(kid)) return { rotation, act: 'promote' };
    return wait('an API server of the cluster does not verify tokens with it, whatever the annotation says');
  }
  if (!listedSince) return wait(`API servers must verify tokens with it first: ${sayIt}`);
  if (cluster && now >= knownFrom(listedSince)) return { rotation, act: 'promote' };
  return wait(
    `the cluster's own key set must list it at each look until ${toTime(knownFrom(listedSince))}; to go on before, ${sayIt}`,
  );
}

/** Somebody says that what tokens show is not enough, because the operator does not reach every API server. */
const hold = 'hold';

/**
 * A former key retires by somebody's word or by fresh tokens. Behind a load balancer a token shows one API server, so every token
 * of each look has to carry the new key for as long as a next key must be listed before its promotion. One that carries another
 * key counts more than any word, also while the former key retires.
 */
function retire(stages: Stages, evidence: Evidence, { cache, retention }: Times): Decision {
  const { now, tokens, signing } = evidence;
  const denial = denied(stages.kid, evidence);
  const isShown = tokens.seen.size > 0 && tokens.why === undefined;
  const signedSince = denial === undefined ? (stages.signedSince ?? (isShown ? now : undefined)) : undefined;
  const at = (stage: Rotation['stage']): Rotation => ({
    ...stages.at(stage),
    ...(signedSince && { signedSince: toTime(signedSince) }),
  });
  const rotation = at('Retiring');
  const end = new Date(Date.parse(rotation.since) + retention);
  // A cluster that cannot be asked for a while takes nothing back. It is asked once more in the end.
  const mayBeSilent = stages.is('Retiring') && now < end;
  const provenAt = signedSince && new Date(signedSince.getTime() + cache);
  const isProven = provenAt !== undefined && now >= provenAt && (isShown || mayBeSilent);
  // The word has to stand until the end: whoever gave it too early can take it back.
  const mayRetire = signing === stages.kid || (signing !== hold && isProven);
  if (denial !== undefined || !mayRetire) {
    return { rotation: at('AwaitingRetirement'), waitsFor: denial ?? signatures(stages.kid, evidence, provenAt) };
  }
  if (now >= end) return { rotation, act: 'finish' };
  return { rotation, waitsFor: `tokens that the former key signed may live until ${toTime(end)}` };
}

/** What shows that not every API server works with the new key. */
function denied(kid: string, { cluster, published, tokens }: Evidence): string | undefined {
  if (cluster && !cluster.has(kid)) return 'an API server of the cluster does not verify tokens with it';
  const other = [...tokens.seen].find((each) => each !== kid);
  if (other === undefined) return undefined;
  // Whoever has the cluster decides what else a key is called.
  const named = published.has(other) ? `key ${other}` : 'a key that is not published';
  return `an API server of the cluster still signs tokens with ${named}, whatever the annotation says`;
}

/** What would show that every API server signs with the new key. */
function signatures(kid: string, { tokens, signing }: Evidence, provenAt: Date | undefined): string {
  const sayIt = `annotate this object with ${annotations.rotationSigning}=${kid} once all of them do`;
  if (tokens.why === undefined && provenAt && signing !== hold) {
    return `the cluster's fresh tokens must be signed with it at each look until ${toTime(provenAt)}; to go on before, ${sayIt}`;
  }
  const why = tokens.why === undefined ? '' : ` (fresh tokens of the cluster do not show it: ${tokens.why})`;
  return `API servers must sign with it: ${sayIt}${why}`;
}

/** What is recorded of one rotation. */
class Stages {
  constructor(
    private readonly recorded: Rotation | undefined,
    readonly kid: string,
    private readonly now: Date,
  ) {}

  is(stage: Rotation['stage']): boolean {
    return this.recorded?.stage === stage;
  }

  /** A stage that is entered begins now. */
  at(stage: Rotation['stage']): Rotation {
    const since = this.recorded?.stage === stage ? this.recorded.since : toTime(this.now);
    return { stage, since, kid: this.kid };
  }

  get listedSince(): Date | undefined {
    return this.recorded?.listedSince === undefined ? undefined : new Date(this.recorded.listedSince);
  }

  get signedSince(): Date | undefined {
    return this.recorded?.signedSince === undefined ? undefined : new Date(this.recorded.signedSince);
  }
}
