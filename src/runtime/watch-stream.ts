import type { KubernetesObject } from '../api/meta.ts';
import { apiVersion, type Resource } from '../api/resources.ts';
import { hours } from './duration.ts';
import { KubeError } from './kube-error.ts';
import type { KubeTransport } from './kube-transport.ts';
import { collectionPath } from './paths.ts';

export type WatchEvent<O> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: O }
  /** Only moves the version from which a later watch goes on. */
  | { readonly type: 'BOOKMARK'; readonly object: O };

/** The server ends a watch itself after this time at the latest, so that its load spreads over replicas again. */
const longest = hours(1);

/**
 * The changes of a kind after a version, until the server closes the watch.
 * @throws KubeError: with status 410 where the version is too old, whichever way the server says so; with reason
 * Malformed where a line cannot be read
 */
export async function* watchStream<O extends KubernetesObject>(
  transport: KubeTransport,
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
  const body = transport.stream({ doing, method: 'GET', path: collectionPath(resource), query }, signal);
  for await (const line of lines(body)) yield eventOf<O>(parse(line, doing), resource, doing);
}

async function* lines(chunks: AsyncIterable<Buffer>): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of chunks) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = parts.pop() ?? '';
    for (const line of parts) if (line.trim() !== '') yield line;
  }
  // What follows the last line end was cut off: the watch goes on from the version before it.
}

interface Status {
  readonly code?: number;
  readonly reason?: string;
  readonly message?: string;
}

function parse(line: string, doing: string): { readonly type: string; readonly object: unknown } {
  try {
    return JSON.parse(line) as { type: string; object: unknown };
  } catch (error) {
    throw new KubeError(`${doing}: a line is no JSON`, undefined, 'Malformed', { cause: error });
  }
}

function eventOf<O extends KubernetesObject>(
  { type, object }: { readonly type: string; readonly object: unknown },
  resource: Resource,
  doing: string,
): WatchEvent<O> {
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
    case 'BOOKMARK':
      return { type, object: { ...(object as O), apiVersion: apiVersion(resource), kind: resource.kind } };
    default: {
      const { code, reason, message } = object as Status;
      throw new KubeError(`${doing}: ${reason ?? type} ${message ?? ''}`, code, reason);
    }
  }
}
