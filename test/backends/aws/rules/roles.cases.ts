import {
  AttachRolePolicyCommand,
  CreatePolicyCommand,
  DeletePolicyCommand,
  DeleteRoleCommand,
  DetachRolePolicyCommand,
  DeleteRolePolicyCommand,
  PutRolePermissionsBoundaryCommand,
  UpdateRoleCommand,
  type UpdateRoleCommandInput,
} from '@aws-sdk/client-iam';
import type { Clients } from '../clients.ts';
import type { Calls, Cases } from './case.ts';
import { makeRole, putPolicy, readPolicy, trustPolicy, updateTrust } from './iam-samples.ts';

async function createPolicy({ iam }: Clients, fields: { PolicyName: string; Path?: string }) {
  return (await iam.send(new CreatePolicyCommand({ ...fields, PolicyDocument: readPolicy() }))).Policy;
}

async function attach(aws: Clients, number: number) {
  const Policy = await createPolicy(aws, { PolicyName: `policy-${number}` });
  await aws.iam.send(new AttachRolePolicyCommand({ RoleName: 'reader', PolicyArn: Policy?.Arn }));
}

/** A policy of so many characters, whitespace left out. */
function policyOf(size: number): string {
  const padding = size - readPolicy({ Sid: '' }).length;
  return `  ${readPolicy({ Sid: 'a'.repeat(padding) })}\n`;
}

function trustOf(size: number): string {
  return trustPolicy({ Sid: 'a'.repeat(size - trustPolicy({ Sid: '' }).length) });
}

const updateRole =
  (fields: Partial<UpdateRoleCommandInput>): Calls =>
  async ({ aws }) => {
    await makeRole(aws);
    await aws.iam.send(new UpdateRoleCommand({ RoleName: 'reader', ...fields }));
  };

export const roleCases: Cases = {
  'role-name': {
    error: 'ValidationError',
    status: 400,
    allowed: ({ aws }) => makeRole(aws, { RoleName: `a+=,.@-_${'a'.repeat(56)}` }),
    refused: ({ aws }) => makeRole(aws, { RoleName: 'a'.repeat(65) }),
  },
  'role-name-in-any-case': {
    error: 'EntityAlreadyExistsException',
    status: 409,
    async allowed({ aws, other }) {
      await makeRole(aws);
      await aws.iam.send(new DeleteRoleCommand({ RoleName: 'reader' }));
      await makeRole(aws, { RoleName: 'READER' });
      await makeRole(await other(), { RoleName: 'READER' });
    },
    async refused({ aws }) {
      await makeRole(aws);
      await makeRole(aws, { RoleName: 'Reader', Path: '/irsa/' });
    },
  },
  'policy-name-in-any-case': {
    error: 'EntityAlreadyExistsException',
    status: 409,
    async allowed({ aws, other }) {
      const Policy = await createPolicy(aws, { PolicyName: 'read' });
      await createPolicy(await other(), { PolicyName: 'READ' });
      await aws.iam.send(new DeletePolicyCommand({ PolicyArn: Policy?.Arn }));
      await createPolicy(aws, { PolicyName: 'READ' });
    },
    async refused({ aws }) {
      await createPolicy(aws, { PolicyName: 'read' });
      await createPolicy(aws, { PolicyName: 'Read', Path: '/irsa/' });
    },
  },
  'role-path': {
    error: 'ValidationError',
    status: 400,
    allowed: ({ aws }) => makeRole(aws, { Path: '/irsa/installation/namespace/' }),
    refused: ({ aws }) => makeRole(aws, { Path: '/irsa/no-slash-at-the-end' }),
  },
  'role-description': {
    error: 'ValidationError',
    status: 400,
    allowed: ({ aws }) => makeRole(aws, { Description: `é${'a'.repeat(999)}` }),
    refused: ({ aws }) => makeRole(aws, { Description: 'a “smart” quote' }),
    alsoRefused: {
      '1001 characters': ({ aws }) => makeRole(aws, { Description: 'a'.repeat(1001) }),
      'it in an update': updateRole({ Description: 'a “smart” quote' }),
    },
  },
  'role-session-duration': {
    error: 'ValidationError',
    status: 400,
    allowed: ({ aws }) => makeRole(aws, { MaxSessionDuration: 43200 }),
    refused: ({ aws }) => makeRole(aws, { MaxSessionDuration: 43201 }),
    alsoRefused: {
      'less than an hour': ({ aws }) => makeRole(aws, { MaxSessionDuration: 3599 }),
      'it in an update': updateRole({ MaxSessionDuration: 43201 }),
    },
  },
  'role-boundary-exists': {
    error: 'NoSuchEntityException',
    status: 404,
    allowed: ({ aws }) => makeRole(aws, { PermissionsBoundary: 'arn:aws:iam::aws:policy/PowerUserAccess' }),
    refused: ({ aws }) => makeRole(aws, { PermissionsBoundary: 'arn:aws:iam::123456789012:policy/not-there' }),
    alsoRefused: {
      'one put on a role later': async ({ aws }) => {
        await makeRole(aws);
        const PermissionsBoundary = 'arn:aws:iam::123456789012:policy/not-there';
        await aws.iam.send(new PutRolePermissionsBoundaryCommand({ RoleName: 'reader', PermissionsBoundary }));
      },
    },
  },
  'trust-policy-size': {
    error: 'LimitExceededException',
    status: 409,
    allowed: ({ aws }) => makeRole(aws, { AssumeRolePolicyDocument: trustOf(2048) }),
    refused: ({ aws }) => makeRole(aws, { AssumeRolePolicyDocument: trustOf(2049) }),
    alsoRefused: {
      'it in an update': async ({ aws }) => {
        await makeRole(aws);
        await updateTrust(aws, trustOf(2049));
      },
    },
  },
  'inline-policies-size': {
    error: 'LimitExceededException',
    status: 409,
    async allowed({ aws }) {
      await makeRole(aws);
      await putPolicy(aws, 'one', policyOf(10_000));
      await putPolicy(aws, 'one', policyOf(10_240));
      await putPolicy(aws, 'ONE', policyOf(10_240));
      await aws.iam.send(new DeleteRolePolicyCommand({ RoleName: 'reader', PolicyName: 'one' }));
      await putPolicy(aws, 'two', policyOf(10_240));
    },
    async refused({ aws }) {
      await makeRole(aws);
      await putPolicy(aws, 'one', policyOf(10_000));
      await putPolicy(aws, 'two', policyOf(241));
    },
  },
  'inline-policy-name': {
    error: 'ValidationError',
    status: 400,
    async allowed({ aws }) {
      await makeRole(aws);
      await putPolicy(aws, 'a'.repeat(128), readPolicy());
    },
    async refused({ aws }) {
      await makeRole(aws);
      await putPolicy(aws, 'with space', readPolicy());
    },
  },
  'managed-policies-count': {
    error: 'LimitExceededException',
    status: 409,
    async allowed({ aws }) {
      await makeRole(aws);
      for (let number = 1; number <= 10; number++) await attach(aws, number);
      const again = { RoleName: 'reader', PolicyArn: 'arn:aws:iam::123456789012:policy/POLICY-1' };
      await aws.iam.send(new AttachRolePolicyCommand(again));
      const PolicyArn = 'arn:aws:iam::123456789012:policy/policy-1';
      await aws.iam.send(new DetachRolePolicyCommand({ RoleName: 'reader', PolicyArn }));
      await attach(aws, 11);
    },
    async refused({ aws }) {
      await makeRole(aws);
      for (let number = 1; number <= 11; number++) await attach(aws, number);
    },
  },
};
