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

/** The named parts of a Secret, all of one version. */
export interface SecretParts {
  readonly resourceVersion: string;
  /** Those that are there, decoded as UTF-8. */
  readonly entries: Readonly<Partial<Record<string, string>>>;
  readonly annotations: Readonly<Partial<Record<string, string>>>;
}

export interface PartNames {
  readonly entries: readonly string[];
  readonly annotations: readonly string[];
}

/** Only what is named of a Secret leaves this folder. Each call reads the API server: nothing is kept. */
export interface Secrets {
  /** The same Secrets, read on behalf of somebody whose signal ends the calls. */
  during(signal: AbortSignal): Secrets;
  /** Decoded as UTF-8. */
  entry(ref: NamespacedName, key: string): Promise<SecretEntry>;
  read(
    ref: NamespacedName,
    names: PartNames,
  ): Promise<({ readonly state: 'found' } & SecretParts) | Extract<SecretEntry, { state: 'noSecret' | 'forbidden' }>>;
}

/** Secrets of one cluster. */
export class KubeSecrets implements Secrets {
  constructor(private readonly client: KubeClient) {}

  during(signal: AbortSignal): Secrets {
    return new KubeSecrets(this.client.during(signal));
  }

  async entry(ref: NamespacedName, key: string): Promise<SecretEntry> {
    const read = await this.read(ref, { entries: [key], annotations: [] });
    if (read.state !== 'found') return read;
    const value = Object.hasOwn(read.entries, key) ? read.entries[key] : undefined;
    return value === undefined ? { state: 'noEntry' } : { state: 'found', value };
  }

  async read(ref: NamespacedName, names: PartNames) {
    const secret = await this.#find(ref);
    if (secret === 'forbidden') return { state: 'forbidden' } as const;
    if (!secret) return { state: 'noSecret' } as const;
    const { data = {}, metadata } = secret;
    const decoded = (value: string) => Buffer.from(value, 'base64').toString('utf8');
    return {
      state: 'found',
      resourceVersion: metadata.resourceVersion,
      entries: picked(data, names.entries, decoded),
      annotations: picked(metadata.annotations ?? {}, names.annotations, (value) => value),
    } as const;
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

function picked(
  from: Readonly<Record<string, string>>,
  names: readonly string[],
  decode: (value: string) => string,
): Readonly<Partial<Record<string, string>>> {
  const there = names.filter((name) => Object.hasOwn(from, name));
  return Object.fromEntries(there.map((name) => [name, decode(from[name] ?? '')]));
}
