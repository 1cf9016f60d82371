import type { IncomingHttpHeaders } from 'node:http';

/** What a call is, by the names that the AWS API references use. */
export interface Operation {
  readonly service: string;
  /** For example `CreateRole`; `Unknown` where nothing here names it. */
  readonly operation: string;
  /** What stands in the path: `bucket`, `key`, `id`. */
  readonly labels: Readonly<Record<string, string>>;
}

/** The parts of a request that tell its operation. */
export interface Shape {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  readonly form: URLSearchParams;
  /** Of the signature's scope; undefined for unsigned calls. */
  readonly service: string | undefined;
}

/** Method, path pattern, operation; where several match, the first counts. `?x` demands that query parameter, `?x=y` with that value. */
type Route = readonly [method: string, pattern: string, operation: string];

const cloudFront: readonly Route[] = [
  ['POST', '/2020-05-31/distribution?WithTags', 'CreateDistributionWithTags'],
  ['POST', '/2020-05-31/distribution', 'CreateDistribution'],
  ['GET', '/2020-05-31/distribution', 'ListDistributions'],
  ['GET', '/2020-05-31/distribution/{id}', 'GetDistribution'],
  ['DELETE', '/2020-05-31/distribution/{id}', 'DeleteDistribution'],
  ['GET', '/2020-05-31/distribution/{id}/config', 'GetDistributionConfig'],
  ['PUT', '/2020-05-31/distribution/{id}/config', 'UpdateDistribution'],
  ['POST', '/2020-05-31/distribution/{id}/invalidation', 'CreateInvalidation'],
  ['PUT', '/2020-05-31/distribution/{id}/associate-alias', 'AssociateAlias'],
  ['GET', '/2020-05-31/conflicting-alias', 'ListConflictingAliases'],
  ['GET', '/2020-05-31/tagging', 'ListTagsForResource'],
  ['POST', '/2020-05-31/tagging?Operation=Tag', 'TagResource'],
  ['POST', '/2020-05-31/tagging?Operation=Untag', 'UntagResource'],
  ['POST', '/2020-05-31/origin-access-control', 'CreateOriginAccessControl'],
  ['GET', '/2020-05-31/origin-access-control', 'ListOriginAccessControls'],
  ['GET', '/2020-05-31/origin-access-control/{id}', 'GetOriginAccessControl'],
  ['DELETE', '/2020-05-31/origin-access-control/{id}', 'DeleteOriginAccessControl'],
  ['GET', '/2020-05-31/origin-access-control/{id}/config', 'GetOriginAccessControlConfig'],
  ['PUT', '/2020-05-31/origin-access-control/{id}/config', 'UpdateOriginAccessControl'],
  ['POST', '/2020-05-31/function', 'CreateFunction'],
  ['GET', '/2020-05-31/function', 'ListFunctions'],
  ['GET', '/2020-05-31/function/{id}', 'GetFunction'],
  ['PUT', '/2020-05-31/function/{id}', 'UpdateFunction'],
  ['DELETE', '/2020-05-31/function/{id}', 'DeleteFunction'],
  ['POST', '/2020-05-31/function/{id}/publish', 'PublishFunction'],
];

const route53: readonly Route[] = [
  ['POST', '/2013-04-01/hostedzone', 'CreateHostedZone'],
  ['GET', '/2013-04-01/hostedzone', 'ListHostedZones'],
  ['GET', '/2013-04-01/hostedzonesbyname', 'ListHostedZonesByName'],
  ['GET', '/2013-04-01/hostedzone/{id}', 'GetHostedZone'],
  ['DELETE', '/2013-04-01/hostedzone/{id}', 'DeleteHostedZone'],
  ['POST', '/2013-04-01/hostedzone/{id}/rrset', 'ChangeResourceRecordSets'],
  ['GET', '/2013-04-01/hostedzone/{id}/rrset', 'ListResourceRecordSets'],
  ['GET', '/2013-04-01/change/{id}', 'GetChange'],
  ['GET', '/2013-04-01/tags/{type}/{id}', 'ListTagsForResource'],
  ['POST', '/2013-04-01/tags/{type}/{id}', 'ChangeTagsForResource'],
];

const s3: readonly Route[] = [
  ['GET', '/', 'ListBuckets'],
  ['HEAD', '/{bucket}', 'HeadBucket'],
  ...(
    [
      ['policy', 'BucketPolicy'],
      ['publicAccessBlock', 'PublicAccessBlock'],
      ['ownershipControls', 'BucketOwnershipControls'],
      ['tagging', 'BucketTagging'],
      ['encryption', 'BucketEncryption'],
    ] as const
  ).flatMap(([parameter, noun]): Route[] => [
    ['PUT', `/{bucket}?${parameter}`, `Put${noun}`],
    ['GET', `/{bucket}?${parameter}`, `Get${noun}`],
    ['DELETE', `/{bucket}?${parameter}`, `Delete${noun}`],
  ]),
  ['PUT', '/{bucket}?acl', 'PutBucketAcl'],
  ['GET', '/{bucket}?acl', 'GetBucketAcl'],
  ['PUT', '/{bucket}?versioning', 'PutBucketVersioning'],
  ['GET', '/{bucket}?versioning', 'GetBucketVersioning'],
  ['GET', '/{bucket}?policyStatus', 'GetBucketPolicyStatus'],
  ['GET', '/{bucket}?location', 'GetBucketLocation'],
  ['GET', '/{bucket}?versions', 'ListObjectVersions'],
  ['GET', '/{bucket}?list-type=2', 'ListObjectsV2'],
  ['POST', '/{bucket}?delete', 'DeleteObjects'],
  ['PUT', '/{bucket}', 'CreateBucket'],
  ['DELETE', '/{bucket}', 'DeleteBucket'],
  ['GET', '/{bucket}', 'ListObjects'],
  ['PUT', '/{bucket}/{key+}?acl', 'PutObjectAcl'],
  ['PUT', '/{bucket}/{key+}?tagging', 'PutObjectTagging'],
  ['GET', '/{bucket}/{key+}?tagging', 'GetObjectTagging'],
  ['PUT', '/{bucket}/{key+}', 'PutObject'],
  ['GET', '/{bucket}/{key+}', 'GetObject'],
  ['HEAD', '/{bucket}/{key+}', 'HeadObject'],
  ['DELETE', '/{bucket}/{key+}', 'DeleteObject'],
];

const routes: Readonly<Record<string, readonly Route[]>> = { cloudfront: cloudFront, route53, s3 };

/** Parameters that make another operation of a bucket's or an object's plain PUT, GET or DELETE: one that no route names is unknown. */
const s3Parameters = new Set([
  ...['x-id', 'prefix', 'delimiter', 'max-keys', 'marker', 'start-after', 'continuation-token', 'fetch-owner'],
  ...['encoding-type', 'list-type', 'key-marker', 'version-id-marker', 'versionId', 'continuationToken', 'max-buckets'],
]);

export function name(shape: Shape): Operation {
  const action = shape.form.get('Action') ?? shape.url.searchParams.get('Action');
  if (action) return { service: shape.service ?? 'sts', operation: action, labels: {} };
  const target = /\.(\w+)$/.exec(String(shape.headers['x-amz-target'] ?? ''))?.[1];
  const service = shape.service ?? 's3';
  if (target) return { service, operation: target, labels: {} };
  for (const [method, pattern, operation] of routes[service] ?? []) {
    const labels = method === shape.method ? match(pattern, shape.url) : undefined;
    if (labels && !(service === 's3' && strange(pattern, shape))) return { service, operation, labels };
  }
  return { service, operation: 'Unknown', labels: {} };
}

function strange(pattern: string, { url, headers }: Shape): boolean {
  const known = /\?([\w-]+)/.exec(pattern)?.[1];
  const parameters = [...url.searchParams.keys()];
  return (
    headers['x-amz-copy-source'] !== undefined ||
    parameters.some((name) => name !== known && !s3Parameters.has(name) && !name.startsWith('X-Amz-'))
  );
}

function match(pattern: string, url: URL): Record<string, string> | undefined {
  const [path = '', parameter] = pattern.split('?');
  if (parameter !== undefined) {
    const [key = '', value] = parameter.split('=');
    if (!url.searchParams.has(key) || (value !== undefined && url.searchParams.get(key) !== value)) return undefined;
  }
  const source = path.replace(/\{(\w+)\+\}/g, '(?<$1>.+)').replace(/\{(\w+)\}/g, '(?<$1>[^/]+)');
  const found = new RegExp(`^${source}/?$`).exec(url.pathname);
  if (!found) return undefined;
  try {
    return Object.fromEntries(
      Object.entries(found.groups ?? {}).map(([key, value]) => [key, decodeURIComponent(value)]),
    );
  } catch {
    return undefined; // A bad percent-escape names nothing.
  }
}

/** Calls that change nothing; whatever else is sent counts as a write. */
const reads = /^(Get|List|Head|Describe|AssumeRole|Simulate)/;

export function isWrite(operation: string): boolean {
  return !reads.test(operation);
}
