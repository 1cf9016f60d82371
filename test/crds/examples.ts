import type { GuardrailSpec } from '../../src/api/generated/guardrail.ts';
import type { IAMServiceAccountSpec, IAMServiceAccountStatus } from '../../src/api/generated/iam-service-account.ts';
import type { OIDCIssuerSpec, OIDCIssuerStatus } from '../../src/api/generated/oidc-issuer.ts';
import type { Kind } from './schema.ts';

/** An object as tests write it: with more than its type promises, for they break it. */
export interface Example {
  apiVersion: string;
  kind: Kind;
  metadata: { name: string; resourceVersion?: string };
  spec: Record<string, unknown>;
  /** Absent: its kind has none. */
  status?: Record<string, unknown>;
}

const apiVersion = 'irsa.giantswarm.io/v1alpha1';
const roleARN = 'arn:aws:iam::111122223333:role/GiantSwarmAWSOperator';
const conditions = [
  {
    type: 'Ready',
    status: 'True' as const,
    reason: 'Provisioned',
    message: 'all is there',
    lastTransitionTime: '2026-01-01T00:00:00Z',
    observedGeneration: 1,
  },
];

function oidcIssuer(name: string, spec: OIDCIssuerSpec, status: OIDCIssuerStatus = {}): Example {
  return { apiVersion, kind: 'OIDCIssuer', metadata: { name }, spec: { ...spec }, status: { ...status } };
}

function iamServiceAccount(name: string, spec: IAMServiceAccountSpec, status: IAMServiceAccountStatus = {}): Example {
  return { apiVersion, kind: 'IAMServiceAccount', metadata: { name }, spec: { ...spec }, status: { ...status } };
}

function guardrail(name: string, spec: GuardrailSpec): Example {
  return { apiVersion, kind: 'Guardrail', metadata: { name }, spec: { ...spec } };
}

/** Valid objects that together set every field: no one object can, for of some fields it may have only one. */
export const examples = (): Example[] => [
  oidcIssuer(
    'everything',
    {
      clusterName: 'abcl0',
      region: 'eu-central-1',
      account: { roleARN },
      additionalAccounts: [{ roleARN: 'arn:aws-cn:iam::444455556666:role/some/path/other' }],
      hosting: {
        cloudFront: {
          alias: 'irsa.abcl0.example.com',
          distributionProvider: 'Keep',
          dns: { route53: { account: { roleARN }, hostedZoneID: 'Z0123456789ABC' } },
        },
      },
      bucket: { name: 'my-bucket', globalName: 'Delete' },
      signingKeys: { secretRef: { name: 'abcl0-sa', key: 'tls.crt' } },
      keyRetention: '25h30m',
      cluster: { kubeconfigSecretRef: { name: 'abcl0-kubeconfig', key: 'value' } },
      allowedNamespaces: {
        from: 'Selector',
        selector: {
          matchLabels: { team: 'a' },
          matchExpressions: [{ key: 'stage', operator: 'In', values: ['live'] }],
        },
      },
      audiences: ['sts.amazonaws.com'],
      tags: { 'team name': 'größe + maß' },
      deletionPolicy: 'Retain',
      suspend: true,
    },
    {
      observedGeneration: 1,
      tagKeys: ['team'],
      issuerURL: 'https://irsa.abcl0.example.com',
      jwksURI: 'https://irsa.abcl0.example.com/keys.json',
      accountID: '111122223333',
      additionalAccounts: [{ accountID: '444455556666', roleARN: 'arn:aws:iam::444455556666:role/irsa' }],
      providers: [
        {
          url: 'https://irsa.abcl0.example.com',
          arn: 'arn',
          accountID: '111122223333',
          roleARN,
          audiences: ['sts.amazonaws.com'],
          owned: true,
        },
      ],
      sites: [
        {
          url: 'https://irsa.abcl0.example.com',
          hosting: 'CloudFront',
          phase: 'Current',
          since: '2026-01-01T00:00:00Z',
          bucket: { name: 'my-bucket', path: '/irsa.abcl0.example.com', owned: true, since: '2026-01-01T00:00:00Z' },
          nextBucket: { name: 'next-bucket', path: '/p', owned: true, since: '2026-01-02T00:00:00Z', filled: true },
          formerBuckets: [{ name: 'former-bucket', path: '/p', owned: true, since: '2026-01-01T00:00:00Z' }],
          distribution: { id: 'E1', arn: 'arn', domainName: 'd1.cloudfront.net', state: 'Deployed' },
          certificate: { arn: 'arn', state: 'ISSUED', notAfter: '2026-07-01T00:00:00Z', successor: 'arn:2' },
          function: 'irsa_test_0123456789abcdef',
          dns: {
            keeper: 'Route53',
            places: [{ accountID: '111122223333', roleARN, hostedZoneID: 'Z0123456789ABC' }],
          },
          registered: true,
          staleAnnotation: true,
          trustedBy: ['arn:aws:iam::111122223333:role/by-hand'],
        },
      ],
      dnsRecords: [{ name: 'irsa.abcl0.example.com', type: 'A', value: 'd1.cloudfront.net', present: true }],
      keys: [
        {
          kid: 'a',
          algorithm: 'RS256',
          firstPublished: '2026-01-01T00:00:00Z',
          missingSince: '2026-01-02T00:00:00Z',
        },
      ],
      plan: ['nothing would change'],
      lastHandledReconcileAt: 'now',
      rotation: {
        stage: 'AwaitingPromotion',
        since: '2026-01-02T00:00:00Z',
        kid: 'b',
        listedSince: '2026-01-02T01:00:00Z',
        signedSince: '2026-01-02T02:00:00Z',
      },
      conditions,
    },
  ),
  oidcIssuer('by-hand', {
    region: 'eu-central-1',
    hosting: { cloudFront: { alias: 'irsa.abcl0.example.com', dns: { manual: {} } } },
    signingKeys: { secretRef: { name: 'abcl0-sa', key: 'tls.crt' } },
    deletionPolicy: 'Delete',
    suspend: false,
  }),
  oidcIssuer('external', {
    region: 'eu-central-1',
    hosting: { external: { issuerURL: 'https://oidc.eks.eu-central-1.amazonaws.com/id/0123ABC' } },
    cluster: { inCluster: {} },
    deletionPolicy: 'Delete',
    suspend: false,
  }),
  oidcIssuer('generated', {
    region: 'cn-north-1',
    hosting: { s3: {} },
    signingKeys: { generate: { secretName: 'abcl0-service-account-v2', rotateEvery: '0s' } },
    deletionPolicy: 'Delete',
    suspend: false,
  }),
  oidcIssuer('mirrored', {
    region: 'us-gov-west-1',
    hosting: { s3: {} },
    signingKeys: { apiServer: {} },
    cluster: { inCluster: {} },
    deletionPolicy: 'Delete',
    suspend: false,
  }),
  iamServiceAccount(
    'everything',
    {
      issuerRefs: [{ namespace: '', name: 'abcl0' }],
      subjects: [{ namespace: 'default', name: 's3-reader' }],
      account: { roleARN },
      role: {
        name: 'reader',
        path: '/teams/a/',
        description: 'Liest Größen\n',
        maxSessionDuration: '1h',
        permissionsBoundary: 'arn:aws:iam::111122223333:policy/boundaries/team-a',
        management: 'Full',
      },
      policies: {
        managed: ['AmazonS3ReadOnlyAccess'],
        inline: [{ name: 'read', document: '{"Version": "2012-10-17", "Statement": []}' }],
      },
      serviceAccountPolicy: 'Create',
      session: { regionalSTS: true, tokenExpiration: '1h' },
      tags: { team: 'a' },
      deletionPolicy: 'Retain',
      suspend: true,
    },
    {
      observedGeneration: 1,
      tagKeys: ['team'],
      roleARN: 'arn',
      roleName: 'reader',
      plan: ['nothing would change'],
      lastHandledReconcileAt: 'now',
      accountID: '111122223333',
      accountRoleARN: roleARN,
      accountNamespace: 'org-acme',
      guardrail: 'team-a',
      issuers: [{ url: 'https://irsa.abcl0.example.com', providerARN: 'arn' }],
      serviceAccounts: [{ cluster: 'abcl0', namespace: 'default', name: 's3-reader', state: 'Annotated' }],
      conditions,
    },
  ),
  guardrail('everything', {
    namespaces: ['team-*'],
    accounts: ['arn:aws:iam::111122223333:role/irsa-*', 'Own'],
    issuers: { aliases: ['*.team-a.example.com'], inCluster: true, tagKeys: ['team', 'cost-*'] },
    roles: {
      permissionsBoundary: 'arn:aws:iam::111122223333:policy/boundaries/team-a',
      managedPolicies: ['AmazonS3*', 'arn:aws:iam::111122223333:policy/team-a/*'],
      inlinePolicies: { deniedActions: ['iam:*', 'sts:*'] },
      subjectNamespaces: ['team-*'],
      wildcardSubjects: true,
      names: ['team-a-*'],
      paths: ['/team-a/*'],
      tagKeys: ['team', 'cost-*'],
      existingRoles: ['arn:aws:iam::111122223333:role/legacy-*'],
      maxSessionDuration: '4h',
      maximum: 50,
    },
  }),
  guardrail('labels', { namespaceSelector: { matchLabels: { team: 'a' } }, accounts: ['Own'] }),
];

/** A valid object with no more than must be. */
export function minimal(kind: Kind): Example {
  const head = { apiVersion, kind, metadata: { name: 'minimal' } };
  switch (kind) {
    case 'OIDCIssuer':
      return {
        ...head,
        status: {},
        spec: {
          region: 'eu-central-1',
          hosting: { cloudFront: {} },
          signingKeys: { secretRef: { name: 'keys', key: 'tls.crt' } },
        },
      };
    case 'IAMServiceAccount':
      return {
        ...head,
        status: {},
        spec: { issuerRefs: [{ namespace: '', name: 'abcl0' }], subjects: [{ namespace: 'default', name: 'reader' }] },
      };
    case 'Guardrail':
      return { ...head, spec: { namespaces: ['team-a'], accounts: ['Own'] } };
  }
}
