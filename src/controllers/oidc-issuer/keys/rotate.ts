import { isTrue } from '../../../api/conditions.ts';
import { annotations } from '../../../api/names.ts';
import { type NamespacedName, secrets as secretResource } from '../../../api/resources.ts';
import { generateSigningKey, type KeyPair } from '../../../oidc/keys.ts';
import { isForbidden } from '../../../runtime/kube-error.ts';
import type { SecretParts } from '../../../runtime/secrets.ts';
import type { Outcome } from '../../../runtime/step.ts';
import { secretsForbidden } from '../../secret-permissions.ts';
import type { AcceptedSite } from '../context.ts';
import { freshTokens } from './fresh-tokens.ts';
import {
  changes,
  entries,
  type GeneratedSecret,
  readGenerated,
  type SecretChange,
  sourceKeys,
} from './generated-secret.ts';
import { type Act, decide, type Decision, type Evidence } from './rotation.ts';
import { take, waiting } from './source.ts';

export interface Rotated {
  readonly ref: NamespacedName;
  readonly found: SecretParts;
  /** Milliseconds; 0: never. */
  readonly rotateEvery: number;
}

/** Takes the keys of a generated Secret, and brings a rotation one stage further. */
export async function rotate(context: AcceptedSite, { ref, found, rotateEvery }: Rotated): Promise<Outcome> {
  const { status, services, desired } = context;
  const what = `Secret ${ref.namespace}/${ref.name}`;
  const times = { cache: services.settings.intervals.keyCache, retention: desired.keyRetention };
  let secret = readGenerated(found, what);
  const evidence = await gather(context, secret, rotateEvery);
  let decision = decide(status.rotation, evidence, times);
  const { name } = context.object.metadata;
  if (decision.act && found.annotations[annotations.generatedFor] !== name) {
    const waitsFor = `${what} is not changed, because it was not made for this issuer: annotate it with ${annotations.generatedFor}=${name} if it may be`;
    return published(context, secret, {
      decision: { rotation: undefined, waitsFor },
      what: `entry ${entries.pub} of ${what}`,
    });
  }
  if (decision.act) {
    try {
      const changed = await carryOut(context, { ref, found, rotateEvery }, decision.act);
      if (!changed) return waiting(context, 'SecretNotFound', missingNextKey(what));
      secret = readGenerated(changed, what);
    } catch (error) {
      if (!isForbidden(error)) throw error;
      return waiting(context, 'SecretForbidden', secretsForbidden(`change ${what}`, ref.namespace));
    }
    decision = decide(decision.rotation, { ...evidence, isAsked: false, ...secret }, times);
  }
  tell(context, decision);
  if (decision.rotation) status.rotation = decision.rotation;
  else delete status.rotation;
  return published(context, secret, { decision, what: `entry ${entries.pub} of ${what}` });
}

function published(
  context: AcceptedSite,
  secret: GeneratedSecret,
  { decision: { rotation, waitsFor }, what }: { readonly decision: Decision; readonly what: string },
): Outcome {
  const outcome = take(context, sourceKeys(secret, rotation), what);
  if (waitsFor === undefined || outcome.state !== 'ready') return outcome;
  const told = rotation ? `rotation to key ${rotation.kid}, ${rotation.stage}: ${waitsFor}` : waitsFor;
  return { state: 'ready', message: outcome.message === undefined ? told : `${outcome.message}; ${told}` };
}

async function gather(context: AcceptedSite, secret: GeneratedSecret, rotateEvery: number): Promise<Evidence> {
  const { object, services, status } = context;
  const { verified, next, rotated } = secret;
  const now = services.clock.now();
  const published = new Map((status.keys ?? []).map(({ kid, firstPublished }) => [kid, new Date(firstPublished)]));
  const said = object.metadata.annotations ?? {};
  const request = said[annotations.rotate];
  return {
    now,
    isAsked: (request !== undefined && request !== rotated) || isDue(verified, published, { now, rotateEvery }),
    verified,
    next,
    published,
    isServed: isTrue(object.status?.conditions, 'Verified'),
    hasFormerSites: (status.sites ?? []).some(({ phase }) => phase === 'Serving' || phase === 'Draining'),
    confirmed: said[annotations.rotationConfirmed],
    signing: said[annotations.rotationSigning],
    cluster: next && (await keysOfCluster(context)),
    tokens: next?.isPromoted ? await freshTokens(context) : { seen: new Set() },
  };
}

/** The youngest key that API servers verify with is as old as keys may get. */
function isDue(
  verified: readonly string[],
  published: Evidence['published'],
  { now, rotateEvery }: { readonly now: Date; readonly rotateEvery: number },
): boolean {
  const times = verified.map((kid) => published.get(kid)?.getTime());
  return rotateEvery > 0 && times.every((time) => time !== undefined && now.getTime() - time >= rotateEvery);
}

/** Undefined if the cluster cannot be asked. */
async function keysOfCluster({ services, object, pass }: AcceptedSite): Promise<ReadonlySet<string> | undefined> {
  try {
    const reached = await services.clusters.reach(object);
    if (reached.state !== 'connected') return undefined;
    const { keys } = ((await reached.client.keySet()) ?? {}) as { readonly keys?: unknown };
    if (!Array.isArray(keys)) return undefined;
    return new Set(keys.map((key: { readonly kid?: unknown } | null) => String(key?.kid)));
  } catch {
    pass.signal.throwIfAborted();
    return undefined;
  }
}

/** Writes over the version that was read only. Undefined: the key that was to take over is gone. */
async function carryOut(context: AcceptedSite, { ref, found }: Rotated, act: Act): Promise<SecretParts | undefined> {
  const { services, object } = context;
  const nextKey = act === 'promote' ? await services.secrets.entry(ref, entries.nextKey) : undefined;
  if (nextKey && nextKey.state !== 'found') return undefined;
  const pair: KeyPair = act === 'begin' ? await generateSigningKey() : { privateKey: '', publicKey: '' };
  const request = object.metadata.annotations?.[annotations.rotate];
  const change = changes[act](found, { pair, request, nextKey: nextKey?.value ?? '' });
  await services.kube.patch(secretResource, ref, {
    metadata: {
      resourceVersion: found.resourceVersion,
      ...(change.annotations && { annotations: change.annotations }),
    },
    data: Object.fromEntries(Object.entries(change.entries).map(([entry, text]) => [entry, text && base64(text)])),
  });
  return changedParts(found, change);
}

const changedParts = (found: SecretParts, change: SecretChange): SecretParts => ({
  ...found,
  entries: Object.fromEntries(
    Object.entries({ ...found.entries, ...change.entries }).filter(([, text]) => text !== null),
  ) as SecretParts['entries'],
  annotations: { ...found.annotations, ...change.annotations },
});

/** An event for each stage. */
function tell({ status, pass }: AcceptedSite, { rotation, waitsFor = '' }: Decision): void {
  const before = status.rotation;
  if (before?.stage === rotation?.stage && before?.kid === rotation?.kid) return;
  const message = rotation
    ? `rotation to key ${rotation.kid}, ${rotation.stage}: ${waitsFor}`
    : `rotation to key ${before?.kid} is done`;
  pass.event('Normal', 'KeyRotation', message);
}

const missingNextKey = (what: string) =>
  `entry ${entries.nextKey} of ${what} does not exist, and its key was to take over: restore the Secret from a backup, or take ` +
  `away the entries ${entries.nextPub} and ${entries.previousPub} to give the rotation up`;

const base64 = (text: string) => Buffer.from(text).toString('base64');
