import { fieldManager } from '../api/names.ts';
import type { KubernetesObject } from '../api/meta.ts';
import { apiVersion, secrets, serviceAccounts, type NamespacedName, type Resource } from '../api/resources.ts';
import { isMap } from './json.ts';
import type { DesiredObject, KubeClient, ListOptions, Precondition } from './kube-client.ts';
import { isExpired, isNotFound, isNotServed, KubeError } from './kube-error.ts';
import type { KubeRequest, KubeTransport } from './kube-transport.ts';
import { listPages } from './list-pages.ts';
import { collectionPath, objectPath, spokenName } from './paths.ts';
import { keyIdOf } from './token-key.ts';

/** KubeClient over HTTP. */
export class HttpKubeClient implements KubeClient {
  constructor(private readonly transport: Pick<KubeTransport, 'json'>) {}

  during(signal: AbortSignal): KubeClient {
    return new HttpKubeClient({ json: (request) => this.transport.json(request, signal) });
  }

  async find<O extends KubernetesObject>(resource: Resource, ref: NamespacedName): Promise<O | undefined> {
    try {
      return await this.#object<O>('reading', resource, ref, { method: 'GET', path: objectPath(resource, ref) });
    } catch (error) {
      if (isNotFound(error) || (resource.optional && isNotServed(error))) return undefined;
      throw error;
    }
  }

  async list<O extends KubernetesObject>(resource: Resource, options: ListOptions<O> = {}): Promise<readonly O[]> {
    try {
      return await this.#listAll(resource, options);
    } catch (error) {
      // A kind that is served always has a list, even an empty one. If a 404 counted as an empty list, everything would look gone.
      if (resource.optional && (isNotFound(error) || isNotServed(error))) return [];
      // The list took longer than etcd keeps its version: start once more.
      if (isExpired(error)) return this.#listAll(resource, options);
      throw error;
    }
  }

  async serves({ group, version, plural }: Resource): Promise<boolean> {
    const path = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
    try {
      const answer = await this.transport.json({
        doing: `reading the kinds of ${group}/${version}`,
        method: 'GET',
        path,
      });
      const resources: unknown = isMap(answer) ? answer['resources'] : undefined;
      return Array.isArray(resources) && resources.some((each) => isMap(each) && each['name'] === plural);
    } catch (error) {
      if (isNotFound(error) || isNotServed(error)) return false;
      throw error;
    }
  }

  async issuer(): Promise<string | undefined> {
    const doing = 'reading the OIDC discovery document';
    const answer = await this.transport.json({ doing, method: 'GET', path: '/.well-known/openid-configuration' });
    const issuer = (answer as { readonly issuer?: unknown } | null)?.issuer;
    return typeof issuer === 'string' ? issuer : undefined;
  }

  async keySet(): Promise<unknown> {
    const doing = "reading the API server's key set";
    const accept = 'application/jwk-set+json, application/json';
    return this.transport.json({ doing, method: 'GET', path: '/openid/v1/jwks', accept });
  }

  async signingKey(account: NamespacedName, audience: string): Promise<string> {
    const doing = `asking for a token of ${serviceAccounts.kind} ${account.namespace}/${account.name}`;
    const answer = await this.transport.json({
      doing,
      method: 'POST',
      path: `${objectPath(serviceAccounts, account)}/token`,
      body: {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        // No API server issues a token for a shorter time.
        spec: { audiences: [audience], expirationSeconds: 600 },
      },
      confidential: true,
      ownConnection: true,
    });
    const { status } = (answer ?? {}) as { readonly status?: { readonly token?: unknown } | null };
    const kid = keyIdOf(status?.token);
    if (kid === undefined) throw noApiServer(doing);
    return kid;
  }

  async create(resource: Resource, object: DesiredObject): Promise<void> {
    await this.#send('creating', resource, object.metadata, {
      method: 'POST',
      path: collectionPath(resource, object.metadata.namespace),
      query: { fieldManager },
      body: typed(resource, object),
    });
  }

  async apply(resource: Resource, object: DesiredObject, options: { readonly force?: boolean } = {}): Promise<void> {
    await this.#send('applying', resource, object.metadata, {
      method: 'PATCH',
      path: objectPath(resource, object.metadata),
      query: { fieldManager, force: String(options.force ?? false) },
      body: typed(resource, object),
      contentType: 'application/apply-patch+yaml',
    });
  }

  async patch<O extends KubernetesObject>(
    resource: Resource,
    ref: NamespacedName,
    body: Readonly<Record<string, unknown>>,
    options: { readonly subresource?: 'status' } = {},
  ): Promise<O> {
    const path = objectPath(resource, ref);
    return this.#object<O>('patching', resource, ref, {
      method: 'PATCH',
      path: options.subresource === undefined ? path : `${path}/${options.subresource}`,
      query: { fieldManager },
      body,
      contentType: 'application/merge-patch+json',
    });
  }

  async delete(resource: Resource, ref: NamespacedName, precondition: Precondition = {}): Promise<void> {
    try {
      await this.#send('deleting', resource, ref, {
        method: 'DELETE',
        path: objectPath(resource, ref),
        ...(Object.keys(precondition).length > 0 && { body: { preconditions: precondition } }),
      });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  async #listAll<O extends KubernetesObject>(
    resource: Resource,
    { namespace, fieldSelector, longest, keep = () => true }: ListOptions<O>,
  ): Promise<readonly O[]> {
    const items: O[] = [];
    for await (const page of listPages<O>(this.transport, resource, { namespace, fieldSelector, longest }))
      items.push(...page.items.filter(keep));
    return items;
  }

  async #object<O>(
    verb: string,
    resource: Resource,
    ref: NamespacedName,
    request: Omit<KubeRequest, 'doing'>,
  ): Promise<O> {
    const answer = (await this.#send(verb, resource, ref, request)) as { readonly metadata?: unknown } | null;
    if (typeof answer?.metadata === 'object' && answer.metadata !== null) return answer as O;
    throw noApiServer(`${verb} ${resource.kind} ${spokenName(ref)}`);
  }

  #send(verb: string, resource: Resource, ref: NamespacedName, request: Omit<KubeRequest, 'doing'>): Promise<unknown> {
    const doing = `${verb} ${resource.kind} ${spokenName(ref)}`;
    return this.transport.json({ ...request, doing, confidential: resource === secrets });
  }
}

/** Whatever answers without what was asked for is no API server. A tenant is told as much of it as of a closed port. */
const noApiServer = (doing: string) => new KubeError(`${doing}: Unreachable`, undefined, undefined);

const typed = (resource: Resource, object: DesiredObject) => ({
  ...object,
  apiVersion: apiVersion(resource),
  kind: resource.kind,
});
