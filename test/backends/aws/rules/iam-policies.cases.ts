import type { Calls, Cases } from './case.ts';
import { makeRole, putPolicy, readPolicy, trustPolicy, updateTrust } from './iam-samples.ts';

const trusting =
  (AssumeRolePolicyDocument: string): Calls =>
  ({ aws }) =>
    makeRole(aws, { AssumeRolePolicyDocument });

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
    alsoRefused: { 'it in a trust policy': trusting(trustPolicy({ Sid: '→' })) },
  },
  'trust-policy-grammar': {
    error: 'MalformedPolicyDocumentException',
    status: 400,
    async allowed({ aws }) {
      await makeRole(aws);
      await updateTrust(aws, trustPolicy({ Effect: 'Deny' }));
    },
    refused: ({ aws }) => makeRole(aws, { AssumeRolePolicyDocument: trustPolicy({ Principal: undefined }) }),
    alsoRefused: {
      'no JSON': trusting('{"Version": "2012-10-17", "Statement": ['),
      'no statement': trusting('{"Version": "2012-10-17"}'),
      'a resource': trusting(trustPolicy({ Resource: '*' })),
      'an unknown effect': trusting(trustPolicy({ Effect: 'Permit' })),
      'no principal in an update': async ({ aws }) => {
        await makeRole(aws);
        await updateTrust(aws, trustPolicy({ Principal: undefined }));
      },
    },
  },
  'trust-policy-action': {
    error: 'MalformedPolicyDocumentException',
    status: 400,
    allowed: ({ aws }) => makeRole(aws, { AssumeRolePolicyDocument: trustPolicy({ Action: 'sts:*' }) }),
    refused: ({ aws }) => makeRole(aws, { AssumeRolePolicyDocument: trustPolicy({ Action: 's3:GetObject' }) }),
  },
  'trust-policy-principal': {
    error: 'MalformedPolicyDocumentException',
    status: 400,
    async allowed({ aws }) {
      const nobody = { Effect: 'Deny', Principal: { AWS: '*' }, Action: 'sts:AssumeRole' };
      await makeRole(aws, { AssumeRolePolicyDocument: trustPolicy(nobody) });
    },
    refused: ({ aws }) =>
      makeRole(aws, {
        AssumeRolePolicyDocument: trustPolicy({ Principal: { AWS: '*' }, Action: 'sts:AssumeRoleWithWebIdentity' }),
      }),
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
    alsoRefused: {
      'no JSON': async ({ aws }) => {
        await makeRole(aws);
        await putPolicy(aws, 'read', '{"Version": "2012-10-17", "Statement": [');
      },
      'a principal': async ({ aws }) => {
        await makeRole(aws);
        await putPolicy(aws, 'read', readPolicy({ Principal: '*' }));
      },
    },
  },
};
