import type { Reply } from '../request.ts';
import { xmlDocument, type Xml } from '../xml.ts';

/** An answer of CloudFront, with the entity tag of what it shows. */
export function cloudFrontReply(
  status: number,
  name: string,
  fields: Xml,
  { etag, location }: { etag?: string; location?: string } = {},
): Reply {
  const headers = {
    'content-type': 'text/xml',
    ...(etag !== undefined && { etag }),
    ...(location !== undefined && { location }),
  };
  const namespace = 'http://cloudfront.amazonaws.com/doc/2020-05-31/';
  return { status, headers, body: xmlDocument(name, namespace, fields) };
}

export const noContent: Reply = { status: 204, headers: {}, body: '' };

/** One page of a list: CloudFront's marker is the id of the last item shown. */
export function page<Item extends { readonly id: string }>(
  all: readonly Item[],
  query: URLSearchParams,
  show: (item: Item) => Xml,
  name: string,
): Xml {
  const marker = query.get('Marker') ?? '';
  const maximum = Number(query.get('MaxItems') ?? 100);
  const start = marker ? all.findIndex(({ id }) => id === marker) + 1 : 0;
  const shown = all.slice(start, start + maximum);
  const truncated = start + maximum < all.length;
  return {
    Marker: marker,
    ...(truncated && { NextMarker: shown.at(-1)?.id ?? '' }),
    MaxItems: String(maximum),
    IsTruncated: String(truncated),
    Quantity: String(shown.length),
    ...(shown.length > 0 && { Items: { [name]: shown.map(show) } }),
  };
}
