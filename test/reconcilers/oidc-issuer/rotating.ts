import { createPrivateKey, createPublicKey } from 'node:crypto';
import type { KubernetesObject } from '../../../src/api/meta.ts';
import { oidcIssuers, secrets } from '../../../src/api/resources.ts';
import { kidOf, publicKeys } from '../../../src/oidc/keys.ts';
import { hours } from '../../../src/runtime/duration.ts';
import { ref, Story } from './story.ts';

export const secretRef = { namespace: 'default', name: 'abcl0-service-account-v2' };
const annotation = (name: string) => `irsa.giantswarm.io/${name}`;

type Spec = ConstructorParameters<typeof Story>[0];
type Secret = KubernetesObject & { readonly data: Readonly<Record<string, string>> };

/** An issuer with a generated key, and the people who rotate it. */
export class Rotating extends Story {
  constructor(spec: Spec = {}, rotateEvery?: string) {
    const generate = { secretName: secretRef.name, ...(rotateEvery !== undefined && { rotateEvery }) };
    super({ signingKeys: { generate }, ...spec });
  }

  static async ready(spec: Spec = {}, rotateEvery?: string): Promise<Rotating> {
    const story = new Rotating(spec, rotateEvery);
    await story.untilReady();
    return story;
  }

  /** Until a rotation that was asked for is in that stage, with everything said, or shown, and waited for on the way. */
  async reach(stage: string | undefined, by: 'help' | 'show' = 'help'): Promise<void> {
    for (let step = 0; step < 12; step++) {
      await this.untilReady();
      if (this.stage === stage) return;
      await this[by]();
    }
    throw new Error(`still ${this.stage}: ${this.condition('SigningKeysReady')?.message}`);
  }

  /** What people do, and the time that it takes. */
  async help(): Promise<void> {
    const { stage, kid } = this.status.rotation ?? {};
    if (stage === 'AwaitingPromotion') {
      this.say('rotation-confirmed', kid);
      await this.clock.advance(hours(24));
    } else if (stage === 'AwaitingRetirement') this.say('rotation-signing', kid);
    else if (stage === 'Retiring') await this.clock.advance(hours(25));
  }

  /** The API servers read the Secret again, and the cluster shows by itself what they do, for as long as it has to. */
  async show(): Promise<void> {
    const { stage } = this.status.rotation ?? {};
    this.workload.keys = { keys: publicKeys(this.entries['pub'] ?? '').keys };
    this.workload.signers = [this.signsWith];
    await this.untilReady();
    await this.clock.advance(hours(stage === 'Retiring' ? 25 : 24));
  }

  say(name: string, value: string | null | undefined): void {
    this.kube.edit(oidcIssuers, ref, { metadata: { annotations: { [annotation(name)]: value ?? null } } });
  }

  get stage(): string | undefined {
    return this.status.rotation?.stage;
  }

  get entries(): Readonly<Record<string, string>> {
    const { data = {} } = this.kube.get<Secret>(secrets, secretRef) ?? {};
    return Object.fromEntries(
      Object.entries(data).map(([entry, text]) => [entry, Buffer.from(text, 'base64').toString()]),
    );
  }

  editSecret(entries: Readonly<Record<string, string | null>>): void {
    const data = Object.entries(entries).map(([entry, text]) => [entry, text && Buffer.from(text).toString('base64')]);
    this.kube.edit(secrets, secretRef, { data: Object.fromEntries(data) });
  }

  /** The key that API servers sign with. */
  get signsWith(): string {
    return kidOf(createPublicKey(createPrivateKey(this.entries['key'] ?? '')));
  }

  /** The keys that API servers verify with. */
  get verifiesWith(): readonly string[] {
    return publicKeys(this.entries['pub'] ?? '').keys.map(({ kid }) => kid);
  }
}
