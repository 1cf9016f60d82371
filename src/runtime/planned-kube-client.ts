import type { KubernetesObject } from '../api/meta.ts';
import type { NamespacedName, Resource } from '../api/resources.ts';
import type { DesiredObject, KubeClient, ListOptions } from './kube-client.ts';
import { KubeError } from './kube-error.ts';
import { spokenName } from './paths.ts';
import type { Plan } from './plan.ts';

/** Reads, and notes writes instead of sending them. */
export class PlannedKubeClient implements KubeClient {
  constructor(
    private readonly client: KubeClient,
    private readonly plan: Pick<Plan, 'note'>,
    /** Empty, or what tells this server from the operator's own: ` of cluster x`. */
    private readonly place = '',
  ) {}

  during(signal: AbortSignal): KubeClient {
    return new PlannedKubeClient(this.client.during(signal), this.plan, this.place);
  }

  find<O extends KubernetesObject>(resource: Resource, ref: NamespacedName): Promise<O | undefined> {
    return this.client.find(resource, ref);
  }

  list<O extends KubernetesObject>(resource: Resource, options?: ListOptions<O>): Promise<readonly O[]> {
    return this.client.list(resource, options);
  }

  serves(resource: Resource): Promise<boolean> {
    return this.client.serves(resource);
  }

  issuer(): Promise<string | undefined> {
    return this.client.issuer();
  }

  keySet(): Promise<unknown> {
    return this.client.keySet();
  }

  /** Changes nothing: no token is stored anywhere. */
  signingKey(account: NamespacedName, audience: string): Promise<string> {
    return this.client.signingKey(account, audience);
  }

  async create(resource: Resource, { metadata }: DesiredObject): Promise<void> {
    this.#note('creating', resource, metadata);
  }

  async apply(resource: Resource, { metadata }: DesiredObject): Promise<void> {
    this.#note('applying', resource, metadata);
  }

  /** Gives the object as it is. */
  async patch<O extends KubernetesObject>(resource: Resource, ref: NamespacedName): Promise<O> {
    const object = await this.find<O>(resource, ref);
    if (!object) throw new KubeError(`${resource.kind} ${ref.namespace}/${ref.name} not found`, 404, 'NotFound');
    this.#note('changing', resource, ref);
    return object;
  }

  async delete(resource: Resource, ref: NamespacedName): Promise<void> {
    this.#note('deleting', resource, ref);
  }

  #note(doing: string, { kind }: Resource, ref: NamespacedName): void {
    this.plan.note(`${doing} ${kind} ${spokenName(ref)}${this.place}`);
  }
}
