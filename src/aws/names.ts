import { createHash } from 'node:crypto';
import type { Partition } from './partitions.ts';

/** Names of what we create on AWS. They can never change: a new name is a new object. */

/** The name is cut to 47 characters, so that name, hyphen and 16 digits are IAM's 64. The digits tell names apart that the cut makes equal. */
export function roleName(installation: string, namespace: string, name: string): string {
  return `${name.slice(0, 47)}-${digest(`${installation}/${namespace}/${name}`, 16)}`;
}

/** All roles whose objects name no other path are under this one. */
export function rolesPath(installation: string): string {
  return `/irsa/${installation}/`;
}

export function rolePath(installation: string, namespace: string): string {
  return `${rolesPath(installation)}${namespace}/`;
}

/** The id of the role's account. Undefined if that is not the ARN of a role. */
export const accountOfRole = (roleARN: string): string | undefined =>
  /^arn:[^:]+:iam::(\d{12}):role\/.+$/.exec(roleARN)?.[1];

export interface BucketPlace {
  readonly accountID: string;
  readonly region: string;
}

/** The bucket of an issuer that was applied by hand, at most S3's 63 characters. */
export function bucketName(
  {
    installation,
    namespace,
    name,
    cluster,
  }: { installation: string; namespace: string; name: string; cluster: string },
  { accountID, region }: BucketPlace,
): string {
  const tail = `-${digest(`${installation}/${namespace}/${name}`, 8)}-${accountID}-${region}`;
  const suffix = withoutAccountRegional.has(region) ? tail : `${tail}-an`;
  return cluster.slice(0, 63 - suffix.length) + suffix;
}

/** What the name begins with that S3 takes for no bucket of ours. https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html */
export const reservedPrefixOf = (name: string): string | undefined =>
  ['xn--', 'sthree-', 'amzn-s3-demo-'].find((prefix) => name.startsWith(prefix));

/** A name of this form can belong to no other account, ever. https://docs.aws.amazon.com/AmazonS3/latest/userguide/gpbucketnamespaces.html */
export function isAccountRegional(bucket: string, { accountID, region }: BucketPlace): boolean {
  return bucket.endsWith(`-${accountID}-${region}-an`) && !withoutAccountRegional.has(region);
}
const withoutAccountRegional: ReadonlySet<string> = new Set(['me-south-1', 'me-central-1']);

/**
 * CloudFront's caller reference and ACM's idempotency token (32 of `\w`), for the name that the thing is made for. It is the
 * same after a crash, and another one if the object was made again, or if the thing with the id `replaces` has to be replaced.
 */
export function reference(uid: string, name: string, replaces = ''): string {
  return digest(`${uid}/${name}/${replaces}`, 32);
}

/**
 * The CloudFront Function of an issuer's alias: at most 54 of CloudFront's 64 characters. No installation has an underscore in it, so
 * what begins with `irsa_<installation>_` is of that installation alone. https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_CreateFunction.html
 */
export function functionName(
  { installation, namespace, name }: { installation: string; namespace: string; name: string },
  alias: string,
): string {
  return `irsa_${installation}_${digest(`${installation}/${namespace}/${name}/${alias}`, 16)}`;
}

/** The regional name. Under the global name S3 redirects for up to a day, and CloudFront would get XML. */
export function bucketDomain(bucket: string, region: string, partition: Partition): string {
  return `${bucket}.s3.${region}.${partition.dnsSuffix}`;
}

/** Path-style, as tokens of clusters have carried it: without a bucket in the host name, one certificate of S3 fits all. */
export function bucketURL(bucket: string, region: string, { dnsSuffix }: Partition): string {
  return `${s3URL(region, { dnsSuffix })}${bucket}`;
}

/** The bucket and the folder of a path-style URL of this region. Undefined if it is none. */
export function bucketOfURL(
  url: string,
  region: string,
  partition: Partition,
): { readonly name: string; readonly path: string } | undefined {
  const prefix = s3URL(region, partition);
  if (!url.startsWith(prefix)) return undefined;
  const [name = '', ...folders] = url.slice(prefix.length).split('/');
  return { name, path: folders.map((folder) => `/${folder}`).join('') };
}

const s3URL = (region: string, { dnsSuffix }: Pick<Partition, 'dnsSuffix'>) => `https://s3.${region}.${dnsSuffix}/`;

/** A domain name in the form for comparing: Route 53 and ACM differ in the trailing dot. */
export function plainName(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}

function digest(text: string, digits: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, digits);
}
