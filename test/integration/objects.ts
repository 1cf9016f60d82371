import type { IAMServiceAccountSpec } from '../../src/api/generated/iam-service-account.ts';
import type { OIDCIssuerSpec } from '../../src/api/generated/oidc-issuer.ts';

/** An object as a user writes it. Its namespace is that in which it is applied, unless it says another. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly finalizers?: readonly string[];
  };
  readonly [field: string]: unknown;
}

/** What a user writes of a spec: some of it. */
type Some<T> = { readonly [field in keyof T]?: Some<T[field]> };

/** All issuers are below it. */
export const domain = 'gauss.example.com';
export const optIn = 'alpha.aws.giantswarm.io/iam-roles-for-service-accounts';
export const enableAlias = 'alpha.aws.giantswarm.io/enable-cloudfront-alias';

const own = 'irsa.giantswarm.io/v1alpha1';

/** The account of a cluster, as an AWSCluster names it. */
export function credential(accountID: string, name = 'credential', partition = 'aws'): Manifest {
  const stringData = { 'aws.awsoperator.arn': roleARN(accountID, partition) };
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name }, stringData };
}

/** The role that the operator assumes in an account. */
export const roleARN = (accountID: string, partition = 'aws') =>
  `arn:${partition}:iam::${accountID}:role/irsa-operator`;

export interface ClusterWish {
  readonly release: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly region?: string;
  /** Name of the Secret. */
  readonly credential?: string;
}

export function awsCluster(namespace: string, name: string, wish: ClusterWish): Manifest {
  const { release, annotations = {}, region = 'eu-central-1', credential: secret = 'credential' } = wish;
  return {
    apiVersion: 'infrastructure.giantswarm.io/v1alpha3',
    kind: 'AWSCluster',
    metadata: { name, labels: { 'release.giantswarm.io/version': release }, annotations },
    spec: { cluster: { dns: { domain } }, provider: { region, credentialSecret: { name: secret, namespace } } },
  };
}

/** An issuer by hand in the operator's own account, with a key that the operator makes. */
export function oidcIssuer(name: string, change: Some<OIDCIssuerSpec> = {}): Manifest {
  const spec: Some<OIDCIssuerSpec> = {
    region: 'eu-central-1',
    hosting: { cloudFront: { alias: `irsa.${name}.k8s.${domain}` } },
    signingKeys: { generate: { secretName: `${name}-key` } },
    ...change,
  };
  return { apiVersion: own, kind: 'OIDCIssuer', metadata: { name }, spec };
}

/** A role of the issuer for the service account default/<name>. */
export function iamServiceAccount(name: string, issuer: string, change: Some<IAMServiceAccountSpec> = {}): Manifest {
  const spec: Some<IAMServiceAccountSpec> = {
    issuerRefs: [{ name: issuer }],
    subjects: [{ namespace: 'default', name }],
    ...change,
  };
  return { apiVersion: own, kind: 'IAMServiceAccount', metadata: { name }, spec };
}

export function serviceAccount(name: string): Manifest {
  return { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace: 'default' } };
}

/** The text of a policy that allows to write below a prefix. */
export function mayWrite(bucket: string, prefix: string): string {
  const Statement = [{ Effect: 'Allow', Action: 's3:PutObject', Resource: `arn:aws:s3:::${bucket}/${prefix}*` }];
  return JSON.stringify({ Version: '2012-10-17', Statement });
}

/** Inline policies, each of its own name and text. */
export function inlinePolicies(count: number): { name: string; document: string }[] {
  return Array.from({ length: count }, (_, index) => ({
    name: `p${index}`,
    document: mayWrite('acme-echo', `${index}/`),
  }));
}

/** Three policies that AWS manages. */
export const managedPolicies = ['AmazonS3ReadOnlyAccess', 'AWSXrayWriteOnlyAccess', 'AmazonSQSReadOnlyAccess'] as const;
