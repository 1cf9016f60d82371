import {
  CreateRoleCommand,
  PutRolePolicyCommand,
  UpdateAssumeRolePolicyCommand,
  type CreateRoleCommandInput,
} from '@aws-sdk/client-iam';
import type { Clients } from '../clients.ts';

const issuer = 'irsa.abcl0.example.com';

/** A trust policy as service accounts need it; a test changes its only statement. */
export function trustPolicy(statement: object = {}): string {
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { Federated: `arn:aws:iam::123456789012:oidc-provider/${issuer}` },
        Action: 'sts:AssumeRoleWithWebIdentity',
        Condition: {
          StringEquals: {
            [`${issuer}:aud`]: 'sts.amazonaws.com',
            [`${issuer}:sub`]: 'system:serviceaccount:default:reader',
          },
        },
        ...statement,
      },
    ],
  });
}

/** A policy that lets a role read one bucket; a test changes its only statement. */
export function readPolicy(statement: object = {}): string {
  const allow = { Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::the-bucket/*' };
  return JSON.stringify({ Version: '2012-10-17', Statement: [{ ...allow, ...statement }] });
}

export function makeRole({ iam }: Clients, fields: Partial<CreateRoleCommandInput> = {}) {
  return iam.send(new CreateRoleCommand({ RoleName: 'reader', AssumeRolePolicyDocument: trustPolicy(), ...fields }));
}

export function putPolicy({ iam }: Clients, PolicyName: string, PolicyDocument: string) {
  return iam.send(new PutRolePolicyCommand({ RoleName: 'reader', PolicyName, PolicyDocument }));
}

export function updateTrust({ iam }: Clients, PolicyDocument: string) {
  return iam.send(new UpdateAssumeRolePolicyCommand({ RoleName: 'reader', PolicyDocument }));
}
