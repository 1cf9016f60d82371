import { generateKeyPairSync } from 'node:crypto';
import {
  changes,
  type GeneratedSecret,
  readGenerated,
  sourceKeys,
} from '../../../src/controllers/oidc-issuer/keys/generated-secret.ts';
import { decide, type Rotation } from '../../../src/controllers/oidc-issuer/keys/rotation.ts';
import { merge, parseJwks, type PublishedKey, renderJwks } from '../../../src/oidc/jwks.ts';
import { publicKeys } from '../../../src/oidc/keys.ts';
import { hours } from '../../../src/runtime/duration.ts';
import type { SecretParts } from '../../../src/runtime/secrets.ts';

const times = { cache: hours(24), retention: hours(25) };

/** EC, because RSA keys take long to make. A private key is only a name here: nobody may read it. */
const pairs = Array.from({ length: 6 }, (_, index) => {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  return { privateKey: `private ${index}`, publicKey: pem, kid: publicKeys(pem).keys[0]?.kid ?? '' };
});
const kidOf = (privateKey: string) => pairs.find((pair) => pair.privateKey === privateKey)?.kid ?? '';

/** What an API server read of the Secret when it started. */
interface ApiServer {
  readonly signsWith: string;
  readonly verifies: ReadonlySet<string>;
}

/** A cluster with two API servers that sign all the time, its generated Secret, its published keys, and an operator. */
export class RotationModel {
  now = new Date('2030-01-01T00:00:00Z');
  readonly servers: ApiServer[];
  published: readonly PublishedKey[];
  rotation: Rotation | undefined;
  /** When each key signed a token last. */
  readonly signed = new Map<string, Date>();
  /** When a key was first seen to sign, and was published by then. */
  readonly problems: string[] = [];
  rotations = 0;
  #entries: Record<string, string>;
  #annotations: Record<string, string> = {};
  #asked = 0;
  #isKnown = true;
  #confirmed: string | undefined;
  #signing: string | undefined;

  constructor() {
    const [first] = pairs as [(typeof pairs)[number]];
    this.#entries = { key: first.privateKey, pub: first.publicKey };
    this.servers = [this.#started(), this.#started()];
    const source = { keys: publicKeys(first.publicKey).keys, isWhole: true };
    this.published = merge([], source, { now: new Date(this.now.getTime() - hours(1000)), retention: times.retention });
    this.wait(0);
  }

  get secret(): GeneratedSecret {
    return readGenerated(this.#parts, 'the Secret');
  }

  /** Time in which all API servers sign, and in which their tokens are checked. */
  wait(time: number): void {
    this.now = new Date(this.now.getTime() + hours(time));
    for (const { signsWith } of this.servers) {
      this.signed.set(signsWith, this.now);
      const key = this.published.find(({ jwk }) => jwk.kid === signsWith);
      if (!key) this.problems.push(`an API server signs with ${signsWith}, which is not published`);
      else if (this.now.getTime() - key.firstPublished.getTime() < times.cache)
        this.problems.push(`an API server signs with ${signsWith}, which STS may not know`);
    }
    this.check();
  }

  check(): void {
    const kids = new Set(this.published.map(({ jwk }) => jwk.kid));
    for (const [kid, last] of this.signed) {
      const isLive = this.now.getTime() - last.getTime() < hours(24);
      if (isLive && !kids.has(kid)) this.problems.push(`live tokens of ${kid}, which is not published`);
    }
  }

  /** Live tokens, and those of other API servers, that an API server refuses. */
  get refused(): string[] {
    return this.servers.flatMap(({ verifies }, index) =>
      [...this.signed]
        .filter(([kid, last]) => this.now.getTime() - last.getTime() < hours(24) && !verifies.has(kid))
        .map(([kid]) => `API server ${index} refuses tokens of ${kid}`),
    );
  }

  restart(server: number): void {
    this.servers[server] = this.#started();
  }

  ask(): void {
    this.#asked++;
  }

  /** Nobody says what is not true. */
  confirm(): void {
    const { next } = this.secret;
    if (next && this.servers.every(({ verifies }) => verifies.has(next.kid))) this.#confirmed = next.kid;
  }

  confirmSigning(): void {
    const { next } = this.secret;
    if (next && this.servers.every(({ signsWith }) => signsWith === next.kid)) this.#signing = next.kid;
  }

  unsay(): void {
    this.#confirmed = undefined;
    this.#signing = undefined;
  }

  loseStatus(): void {
    this.rotation = undefined;
    this.#isKnown = false;
  }

  /**
   * One pass of the operator.
   * @param asks which API server answers when the cluster is asked for its key set; undefined: none does. Tokens come from both
   * @param reach how far the operator comes: it may be killed after it changed the Secret, or fail to publish
   */
  pass(asks: number | undefined, reach: 'secret' | 'status' | 'documents' = 'documents'): void {
    const { secret } = this;
    const known = this.#isKnown ? this.published : [];
    const evidence = {
      now: this.now,
      isAsked: String(this.#asked) !== (secret.rotated ?? '0') && this.rotations < pairs.length - 1,
      verified: secret.verified,
      next: secret.next,
      published: new Map(known.map(({ jwk, firstPublished }) => [jwk.kid, firstPublished])),
      isServed: this.#isKnown,
      hasFormerSites: false,
      confirmed: this.#confirmed,
      signing: this.#signing,
      cluster: asks === undefined ? undefined : this.servers[asks]?.verifies,
      tokens: { seen: new Set(asks === undefined ? [] : this.servers.map(({ signsWith }) => signsWith)) },
    };
    let decision = decide(this.rotation, evidence, times);
    if (decision.act) {
      this.#change(decision.act);
      if (reach === 'secret') return;
      decision = decide(decision.rotation, { ...evidence, isAsked: false, ...this.secret }, times);
    }
    this.rotation = decision.rotation;
    if (reach === 'status') return;
    const { keys, leftOut } = sourceKeys(this.secret, this.rotation);
    const source = { keys, isWhole: leftOut.length === 0 };
    const merged = merge(this.published, source, { now: this.now, retention: times.retention });
    this.published = parseJwks(renderJwks(merged), this.now);
    this.#isKnown = true;
    this.check();
  }

  #change(act: 'begin' | 'announce' | 'promote' | 'finish'): void {
    if (act === 'begin') this.rotations++;
    const pair = pairs[this.rotations] ?? { privateKey: '', publicKey: '' };
    const nextKey = this.#entries['next.key'] ?? '';
    const change = changes[act](this.#parts, { pair, request: String(this.#asked), nextKey });
    for (const [entry, text] of Object.entries(change.entries)) {
      if (text === null) delete this.#entries[entry];
      else this.#entries[entry] = text;
    }
    this.#annotations = { ...this.#annotations, ...change.annotations };
  }

  get #parts(): SecretParts {
    return { resourceVersion: '1', entries: this.#entries, annotations: this.#annotations };
  }

  #started(): ApiServer {
    return { signsWith: kidOf(this.#entries['key'] ?? ''), verifies: new Set(this.secret.verified) };
  }
}
