import type { KubernetesObject } from '../api/meta.ts';
import { apiVersion, type Resource } from '../api/resources.ts';
import { hasIdentity, hasTexts } from './identity.ts';
import { isMap } from './json.ts';
import { KubeError, malformed } from './kube-error.ts';
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

export interface ListPagesOptions {
  /** Absent: all namespaces. */
  readonly namespace?: string | undefined;
  /** Picks on the server, by a field that it knows. Absent: all. */
  readonly fieldSelector?: string | undefined;
  /** The most pages, of up to 100 objects each. Absent: as many as there are. */
  readonly longest?: number | undefined;
}

/**
 * All objects of a kind without what `slim` leaves out, a page at a time, so that no answer fills the memory or blocks the process
 * for long.
 * @throws KubeError with reason Malformed if a page has more objects than were asked for, or one that does not name itself;
 * with reason TooLong instead of a page beyond `longest`
 */
export async function* listPages<O extends KubernetesObject>(
  transport: Pick<KubeTransport, 'json'>,
  resource: Resource,
  { namespace, fieldSelector, longest = Infinity }: ListPagesOptions = {},
): AsyncGenerator<Page<O>, void, undefined> {
  const doing = `listing ${resource.plural}`;
  let next: string | undefined;
  for (let page = 1; page === 1 || next !== undefined; page++) {
    if (page > longest) throw new KubeError(`${doing}: more than ${longest} pages`, undefined, 'TooLong');
    const answer = await transport.json({
      doing,
      method: 'GET',
      path: collectionPath(resource, namespace),
      accept: acceptOf(resource, 'PartialObjectMetadataList'),
      query: {
        limit: String(pageSize),
        ...(fieldSelector !== undefined && { fieldSelector }),
        ...(next !== undefined && { continue: next }),
      },
    });
    const { items, metadata } = pageOf<O>(answer, resource, doing);
    // The items of a list have no apiVersion and kind.
    const typed = items.map((item) => ({
      ...slim(item),
      apiVersion: apiVersion(resource),
      kind: resource.kind,
    }));
    yield { items: typed, resourceVersion: metadata.resourceVersion };
    next = metadata.continue === '' ? undefined : metadata.continue;
  }
}

interface ListAnswer<O> {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  readonly items: readonly O[];
}

function pageOf<O>(answer: unknown, resource: Resource, doing: string): ListAnswer<O> {
  const { metadata, items } = isMap(answer) ? answer : {};
  if (!hasTexts(metadata, 'resourceVersion')) throw malformed(doing, 'a page has no version');
  // An empty list of Go may be null.
  const objects: unknown = items ?? [];
  if (!Array.isArray(objects)) throw malformed(doing, 'a page has no list');
  if (objects.length > pageSize) throw malformed(doing, 'a page has more objects than were asked for');
  if (!objects.every((object: unknown) => hasIdentity(object, resource)))
    throw malformed(doing, 'an object lacks what it needs');
  return { metadata: metadata as ListAnswer<O>['metadata'], items: objects as readonly O[] };
}
