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
  /** Somebody says of this key that every API server signs with it. */
  readonly signing: string | undefined;
  /** The keys that one of the cluster's API servers verifies tokens with. Undefined: the cluster cannot be asked now. */
  readonly cluster: ReadonlySet<string> | undefined;
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

function retire(stages: Stages, { now, cluster, signing }: Evidence, { retention }: Times): Decision {
  const { kid } = stages;
  const isDenied = cluster !== undefined && !cluster.has(kid);
  // The word has to stand until the end: whoever gave it too early can take it back.
  if (signing !== kid || isDenied) {
    const waitsFor = isDenied
      ? 'an API server of the cluster does not verify tokens with it'
      : `API servers must sign with it: annotate this object with ${annotations.rotationSigning}=${kid} once all of them do`;
    return { rotation: stages.at('AwaitingRetirement'), waitsFor };
  }
  const rotation = stages.at('Retiring');
  const end = new Date(Date.parse(rotation.since) + retention);
  if (now >= end) return { rotation, act: 'finish' };
  return { rotation, waitsFor: `tokens that the former key signed may live until ${toTime(end)}` };
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
}
