import type { Cases } from './case.ts';
import { makeRole, putPolicy, readPolicy, trustPolicy, updateTrust } from './iam-samples.ts';

export const iamPolicyCases: Cases = {
  'policy-characters': {
    error: 'ValidationError',
    status: 400,
    async allowed({ aws }) {
      await makeRole(aws);
      await putPolicy(aws, 'read', readPolicy({ Resource: 'arn:aws:s3:::the-bucket/é' }));
    },
    async refused({ aws }) {
      await makeRole(aws);
      await putPolicy(aws, 'read', readPolicy({ Resource: 'arn:aws:s3:::the-bucket/→' }));
    },
  },
  'trust-policy-grammar': {
    error: 'MalformedPolicyDocumentException',
    status: 400,
    async allowed({ aws }) {
      await makeRole(aws);
      await updateTrust(aws, trustPolicy({ Effect: 'Deny' }));
    },
    refused: ({ aws }) => makeRole(aws, { AssumeRolePolicyDocument: trustPolicy({ Principal: undefined }) }),
  },
  'trust-policy-action': {
    error: 'MalformedPolicyDocumentException',
    status: 400,
    allowed: ({ aws }) => makeRole(aws, { AssumeRolePolicyDocument: trustPolicy({ Action: 'sts:*' }) }),
    refused: ({ aws }) => makeRole(aws, { AssumeRolePolicyDocument: trustPolicy({ Action: 's3:GetObject' }) }),
  },
  'inline-policy-grammar': {
    error: 'MalformedPolicyDocumentException',
    status: 400,
    async allowed({ aws }) {
      await makeRole(aws);
      await putPolicy(aws, 'read', readPolicy());
    },
    async refused({ aws }) {
      await makeRole(aws);
      await putPolicy(aws, 'read', readPolicy({ Resource: 'the-bucket' }));
    },
  },
};

/** Each way in which a trust policy can be malformed. */
export const malformedTrustPolicies: Readonly<Record<string, string>> = {
  'no JSON': '{"Version": "2012-10-17", "Statement": [',
  'no statement': '{"Version": "2012-10-17"}',
  'a resource': trustPolicy({ Resource: '*' }),
  'no principal': trustPolicy({ Principal: undefined }),
  'an unknown effect': trustPolicy({ Effect: 'Permit' }),
};
