import type { Kind } from './schema.ts';

/** Values at the edge of a pattern: what it must take and what it must not. */
export const edges: readonly { kind: Kind; path: string; good: readonly string[]; bad: readonly string[] }[] = [
  {
    kind: 'OIDCIssuer',
    path: 'spec.account.roleARN',
    good: [
      'arn:aws:iam::111122223333:role/Operator',
      'arn:aws-cn:iam::111122223333:role/a/b/Operator',
      'arn:aws-us-gov:iam::111122223333:role/Operator',
      'arn:aws-iso-b:iam::111122223333:role/Operator',
      'arn:aws-eusc:iam::111122223333:role/Operator',
    ],
    bad: [
      'arn:aws:iam::111122223333:user/Operator',
      'arn:aws:iam::11112222333:role/Operator',
      'arn:aws:sts::111122223333:assumed-role/Operator/session',
      'arn:aws:iam::111122223333:role/',
    ],
  },
  {
    kind: 'OIDCIssuer',
    path: 'spec.region',
    good: ['us-gov-west-1', 'us-iso-east-1', 'eusc-de-east-1', 'ap-southeast-7', 'me-central-1'],
    bad: ['eu-central', 'EU-central-1', 'eu-central-1a', 'eu-central-1.example.com'],
  },
  {
    kind: 'OIDCIssuer',
    path: 'spec.hosting.cloudFront.alias',
    good: ['irsa.abcl0.k8s.gauss.eu-central-1.aws.example.com'],
    bad: [
      'irsa.example.com.',
      '*.example.com',
      'Irsa.example.com',
      'example',
      'https://irsa.example.com',
      'irsa.-a.com',
    ],
  },
  {
    kind: 'OIDCIssuer',
    path: 'spec.hosting.external.issuerURL',
    good: ['https://example.com', 'https://example.com/a/', 'https://oidc.eks.eu-central-1.amazonaws.com/id/0123ABC'],
    bad: ['http://example.com', 'https://example.com:8443', 'https://example.com/?a=b', 'https://example.com/${aws:x}'],
  },
  {
    kind: 'OIDCIssuer',
    path: 'spec.keyRetention',
    good: ['0s', '90m', '1h30m', '1.5h'],
    bad: ['25', '1d', '-1h', 'h'],
  },
  {
    kind: 'IAMServiceAccount',
    path: 'spec.role.maxSessionDuration',
    good: ['1h', '60m', '1h0m30s', '3600s'],
    bad: ['3600', '1.5h', '1d', '3600000ms', '-1h'],
  },
  {
    kind: 'IAMServiceAccount',
    path: 'spec.issuerRefs.*.namespace',
    good: ['', 'platform', 'a-1'],
    bad: ['a.b', 'A', '-a', '*'],
  },
  { kind: 'OIDCIssuer', path: 'spec.bucket.name', good: ['abc', 'a--1'], bad: ['a.b.c', '-abc', 'abc-', 'Abc'] },
  {
    kind: 'IAMServiceAccount',
    path: 'spec.role.path',
    good: ['/', '/a/', '/irsa/gauss/org-acme/'],
    bad: ['a/', '/a', '', '/ä/'],
  },
  {
    kind: 'IAMServiceAccount',
    path: 'spec.role.description',
    good: ['', 'Größe: 5 µm, "a" \\ tab\t'],
    bad: ['smart ’quote’', '角色', 'bell \u0007'],
  },
  {
    kind: 'IAMServiceAccount',
    path: 'spec.subjects.*.namespace',
    good: ['a', 'team-*', '*', '*-system'],
    bad: ['a:b', 'a.b', '?', '${aws:username}', 'A', '-a'],
  },
  {
    kind: 'IAMServiceAccount',
    path: 'spec.subjects.*.name',
    good: ['a', 'a.b-c', '*', 'reader-*'],
    bad: ['a:b', '?', '${aws:username}', 'A', 'a/b', '.a'],
  },
  {
    kind: 'IAMServiceAccount',
    path: 'spec.policies.managed.*',
    good: [
      'ReadOnlyAccess',
      'service-role/AWSLambdaBasicExecutionRole',
      'arn:aws:iam::aws:policy/ReadOnlyAccess',
      'arn:aws-cn:iam::111122223333:policy/team/a',
    ],
    bad: ['arn:aws:iam::aws:role/a', 'arn:aws:s3:::bucket', 'a b', 'a/', '/a'],
  },
  {
    kind: 'IAMServiceAccount',
    path: 'spec.policies.inline.*.document',
    good: ['{}', '\n  {"a": "b"}\n'],
    bad: ['', '[]', 'Version: 2012-10-17', '{"a": "角"}', '{'],
  },
];
