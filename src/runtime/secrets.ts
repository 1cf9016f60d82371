import type { KubernetesObject } from '../api/meta.ts';
import { secrets, type NamespacedName } from '../api/resources.ts';
import type { KubeClient } from './kube-client.ts';
import { isForbidden } from './kube-error.ts';

export type SecretEntry =
  | { readonly state: 'found'; readonly value: string }
  | { readonly state: 'noSecret' }
  /** The operator may not read Secrets in this namespace. */
  | { readonly state: 'forbidden' }
  /** The Secret is there, the entry is not. */
  | { readonly state: 'noEntry' };

/** Only the named entry of a Secret leaves this folder, decoded as UTF-8. Each call reads the API server: nothing is kept. */
export interface Secrets {
  /** The same Secrets, read on behalf of somebody whose signal ends the calls. */
  during(signal: AbortSignal): Secrets;
  entry(ref: NamespacedName, key: string): Promise<SecretEntry>;
}

/** Secrets of one cluster. */
export class KubeSecrets implements Secrets {
  constructor(private readonly client: KubeClient) {}

  during(signal: AbortSignal): Secrets {
    return new KubeSecrets(this.client.during(signal));
  }

  async entry(ref: NamespacedName, key: string): Promise<SecretEntry> {
    const secret = await this.#find(ref);
    if (secret === 'forbidden') return { state: 'forbidden' };
    if (!secret) return { state: 'noSecret' };
    const data = secret.data ?? {};
    const value = Object.hasOwn(data, key) ? data[key] : undefined;
    if (value === undefined) return { state: 'noEntry' };
    return { state: 'found', value: Buffer.from(value, 'base64').toString('utf8') };
  }

  async #find(ref: NamespacedName): Promise<Secret | 'forbidden' | undefined> {
    try {
      return await this.client.find<Secret>(secrets, ref);
    } catch (error) {
      if (isForbidden(error)) return 'forbidden';
      throw error;
    }
  }
}

interface Secret extends KubernetesObject {
  /** Base64. */
  readonly data?: Readonly<Record<string, string>>;
}
