import type { KubernetesObject } from '../api/meta.ts';
import { apiVersion, type Resource } from '../api/resources.ts';
import type { KubeTransport } from './kube-transport.ts';
import { acceptOf, collectionPath } from './paths.ts';
import { slim } from './slim.ts';

/** Small, because a page is in memory as text and as objects at once, and an object may have 30 KB. */
const pageSize = 100;

export interface Page<O> {
  readonly items: readonly O[];
  /** The version from which a watch goes on. */
  readonly resourceVersion: string;
}

interface ListAnswer<O> {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  readonly items: readonly O[] | null;
}

/** All objects of a kind without what `slim` leaves out, a page at a time, so that no answer fills the memory or blocks the process for long. */
export async function* listPages<O extends KubernetesObject>(
  transport: Pick<KubeTransport, 'json'>,
  resource: Resource,
  namespace?: string,
): AsyncGenerator<Page<O>, void, undefined> {
  let next: string | undefined;
  do {
    const answer = (await transport.json({
      doing: `listing ${resource.plural}`,
      method: 'GET',
      path: collectionPath(resource, namespace),
      accept: acceptOf(resource, 'PartialObjectMetadataList'),
      query: {
        limit: String(pageSize),
        ...(next !== undefined && { continue: next }),
      },
    })) as ListAnswer<O>;
    const { metadata, items } = answer;
    // The items of a list have no apiVersion and kind.
    const typed = (items ?? []).map((item) => ({
      ...slim(item),
      apiVersion: apiVersion(resource),
      kind: resource.kind,
    }));
    yield { items: typed, resourceVersion: metadata.resourceVersion };
    next = metadata.continue === '' ? undefined : metadata.continue;
  } while (next !== undefined);
}
