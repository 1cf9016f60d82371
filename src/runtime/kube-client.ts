import type { KubernetesObject } from '../api/meta.ts';
import type { NamespacedName, Resource } from '../api/resources.ts';

/** What a caller sends: an object without what the API server fills in. */
export interface DesiredObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    /** Applied: only to the object with this UID (conflict). */
    readonly uid?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly OwnerReference[];
  };
  readonly [field: string]: unknown;
}

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
}

export interface ListOptions<O> {
  /** Absent: all namespaces. */
  readonly namespace?: string;
  /** Picks on the server, by a field that it knows: `spec.serviceAccountName=reader`. Absent: all. */
  readonly fieldSelector?: string;
  /** Picks the objects that are given, page by page, because all that there are may not fit in memory. Absent: all. */
  readonly keep?: (object: O) => boolean;
  /** The most pages, of up to 100 objects each: a list with more fails. Absent: as many as there are. */
  readonly longest?: number;
}

/** What an object must still be to be deleted. */
export interface Precondition {
  readonly uid?: string;
  readonly resourceVersion?: string;
}

/** One Kubernetes API server, in plain JSON. Each call has a deadline; reads are retried, writes are not. Errors are KubeError (kube-error.ts). */
export interface KubeClient {
  /** The same server, asked on behalf of somebody whose signal ends the calls. It must abort also when the operator stops. */
  during(signal: AbortSignal): KubeClient;
  /** Undefined if the object is not there, or if its kind is optional and not installed. */
  find<O extends KubernetesObject>(resource: Resource, ref: NamespacedName): Promise<O | undefined>;
  /** All pages. Empty if the kind is optional and not installed. */
  list<O extends KubernetesObject>(resource: Resource, options?: ListOptions<O>): Promise<readonly O[]>;
  /** Whether the API server has that kind in that version, which a find does not tell: it finds nothing of an unknown kind either. */
  serves(resource: Resource): Promise<boolean>;
  /** The issuer of the API server's own tokens, by its OIDC discovery document. Undefined if it names none. */
  issuer(): Promise<string | undefined>;
  /** The key set by which the API server's tokens are verified, in JSON, as the server publishes it. */
  keySet(): Promise<unknown>;
  /**
   * The id of the key that signs a token which the API server issues now for the service account and the audience, for ten minutes.
   * Nobody sees the token. It is asked for over a connection of its own, because each connection may lead to another API server.
   */
  signingKey(account: NamespacedName, audience: string): Promise<string>;
  create(resource: Resource, object: DesiredObject): Promise<void>;
  /** Server-side apply under our field manager: a field that we applied before and leave out now goes away. */
  apply(resource: Resource, object: DesiredObject, options?: { readonly force?: boolean }): Promise<void>;
  /** JSON merge patch; null takes a field away. With a resourceVersion in the body, the patch is refused (conflict) if the object has changed. */
  patch<O extends KubernetesObject>(
    resource: Resource,
    ref: NamespacedName,
    body: Readonly<Record<string, unknown>>,
    options?: { readonly subresource?: 'status' },
  ): Promise<O>;
  /** Happy if gone. Another object of the same name, or one that changed, is left alone (conflict) if the precondition says so. */
  delete(resource: Resource, ref: NamespacedName, precondition?: Precondition): Promise<void>;
}
