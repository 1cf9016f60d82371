import type { KubernetesObject } from '../api/meta.ts';
import { apiVersion, type Resource } from '../api/resources.ts';
import { hours } from './duration.ts';
import { hasIdentity, hasTexts } from './identity.ts';
import { isMap, type JsonMap } from './json.ts';
import { KubeError, malformed } from './kube-error.ts';
import type { KubeTransport } from './kube-transport.ts';
import { acceptOf, collectionPath } from './paths.ts';
import { slim } from './slim.ts';

export type WatchEvent<O> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: O }
  /** A bookmark only moves the version from which a later watch goes on. */
  | { readonly type: 'BOOKMARK'; readonly object: O };

/** After this time the server ends a watch itself, so that the load spreads over its replicas again. */
const longest = hours(1);

/**
 * The changes of a kind after a version, until the server closes the watch.
 * @throws KubeError with status 410 if the version is too old, however the server says so; with reason Malformed if a line
 * cannot be read
 */
export async function* watchStream<O extends KubernetesObject>(
  transport: Pick<KubeTransport, 'stream'>,
  resource: Resource,
  { resourceVersion, signal }: { readonly resourceVersion: string; readonly signal: AbortSignal },
): AsyncGenerator<WatchEvent<O>, void, undefined> {
  const doing = `watching ${resource.plural}`;
  const query = {
    watch: 'true',
    allowWatchBookmarks: 'true',
    resourceVersion,
    timeoutSeconds: String(Math.round((longest * (0.5 + Math.random() / 2)) / 1000)),
  };
  const accept = acceptOf(resource, 'PartialObjectMetadata');
  const body = transport.stream({ doing, method: 'GET', path: collectionPath(resource), query, accept }, signal);
  for await (const line of lines(body)) yield eventOf<O>(line, resource, doing);
}

async function* lines(chunks: AsyncIterable<Buffer>): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  // The line that has no end yet. Only a new chunk is searched for the end, because a server may send a long line byte by byte.
  let parts: string[] = [];
  for await (const chunk of chunks) {
    const [first = '', ...others] = decoder.decode(chunk, { stream: true }).split('\n');
    parts.push(first);
    for (const next of others) {
      const line = parts.join('');
      parts = [next];
      if (line.trim() !== '') yield line;
    }
  }
  // The text after the last line end was cut off: the watch goes on from the version before it.
}

/** A line is taken only if it holds everything that the watch needs. */
function eventOf<O extends KubernetesObject>(line: string, resource: Resource, doing: string): WatchEvent<O> {
  const { type, object } = parse(line, doing);
  if (!isMap(object)) throw malformed(doing, 'a line is not an event');
  const typed = () => ({ ...slim(object as O), apiVersion: apiVersion(resource), kind: resource.kind });
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      if (hasIdentity(object, resource)) return { type, object: typed() };
      break;
    case 'BOOKMARK':
      if (hasTexts(object['metadata'], 'resourceVersion')) return { type, object: typed() };
      break;
    case 'ERROR':
      throw refusal(object, doing);
  }
  throw malformed(doing, 'an event lacks what it needs');
}

function parse(line: string, doing: string): JsonMap {
  try {
    const event: unknown = JSON.parse(line);
    return isMap(event) ? event : {};
  } catch (error) {
    throw malformed(doing, 'a line is not JSON', { cause: error });
  }
}

/** Of metav1.Status. */
function refusal({ code, reason, message }: JsonMap, doing: string): KubeError {
  const text = (value: unknown) => (typeof value === 'string' ? value : undefined);
  const words = `${text(reason) ?? 'ERROR'} ${text(message) ?? ''}`;
  return new KubeError(`${doing}: ${words}`, typeof code === 'number' ? code : undefined, text(reason));
}
