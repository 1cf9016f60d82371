import type { Reply } from '../request.ts';
import { xmlDocument, type Xml } from '../xml.ts';

export function success(operation: string, result: { readonly [name: string]: Xml } = {}): Reply {
  const namespace = 'https://iam.amazonaws.com/doc/2010-05-08/';
  const body = xmlDocument(`${operation}Response`, namespace, {
    ...result,
    ResponseMetadata: { RequestId: 'front' },
  });
  return { status: 200, headers: { 'content-type': 'text/xml' }, body };
}
