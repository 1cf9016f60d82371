import type { IncomingHttpHeaders } from 'node:http';
import { name, type Operation } from './operation.ts';
import type { Credential, FrontState } from './state.ts';
import { parseXml, type Xml } from './xml.ts';

/** One call, read as far as rules and services need it. */
export interface AwsRequest extends Operation {
  readonly method: string;
  /** Path and query as sent. */
  readonly target: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly region: string;
  readonly credential: Credential;
  /** The account the call is made in. */
  readonly accountID: string;
  /** Parameters of the query protocol (IAM, STS); empty in the others. */
  readonly form: URLSearchParams;
  /** Parameters of the JSON protocol (ACM); empty in the others. */
  readonly json: Record<string, unknown>;
  /** The body of the REST-XML protocols (CloudFront, Route 53, S3), parsed; empty in the others and where it is no XML. */
  readonly xml: Xml;
}

export interface Reply {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: string | Buffer;
}

export interface RawRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** `Credential=KEY/DATE/REGION/SERVICE/aws4_request`, of the Authorization header or of a presigned URL. */
const scope = /^(?<key>[^/]+)\/[^/]+\/(?<region>[^/]*)\/(?<service>[^/]+)\/aws4_request$/;

export function readRequest(raw: RawRequest, state: FrontState): AwsRequest {
  // Not as a relative URL: one that begins with two slashes would be taken for another host.
  const url = new URL(`http://front.invalid${raw.target}`);
  const signed = /Credential=([^,\s]+)/.exec(raw.headers.authorization ?? '')?.[1];
  const groups = scope.exec(signed ?? url.searchParams.get('X-Amz-Credential') ?? '')?.groups;
  const body = raw.body.toString('utf8');
  const type = raw.headers['content-type'] ?? '';
  const form = new URLSearchParams(type.startsWith('application/x-www-form-urlencoded') ? body : '');
  const credential = state.credential(groups?.['key']);
  return {
    ...raw,
    ...name({ ...raw, url, form, service: groups?.['service'] }),
    query: url.searchParams,
    region: groups?.['region'] ?? 'us-east-1',
    credential,
    accountID: credential.accountID,
    form,
    json: type.startsWith('application/x-amz-json') ? readJson(body) : {},
    xml: body.startsWith('<') ? readXml(body) : '',
  };
}

function readJson(body: string): Record<string, unknown> {
  try {
    return JSON.parse(body) as Record<string, unknown>;
  } catch {
    return {};
  }
}

/** An object put to S3 may look like XML and be none. */
function readXml(body: string): Xml {
  try {
    return parseXml(body);
  } catch {
    return '';
  }
}

/** The call with other parameters of the query protocol. */
export function withForm(request: AwsRequest, form: URLSearchParams): AwsRequest {
  return { ...request, form, body: Buffer.from(form.toString()) };
}

/** The values of a list parameter of the query protocol, or one field of each. */
export function members(form: URLSearchParams, list: string, field = ''): string[] {
  const names = new RegExp(`^${list}\\.member\\.\\d+${field && `\\.${field}`}$`);
  return [...form].filter(([name]) => names.test(name)).map(([, value]) => value);
}
