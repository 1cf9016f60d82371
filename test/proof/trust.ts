import { GetRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { mayAssume, type PolicyDocument } from '../backends/aws/evaluator.ts';
import { audience, read, type ObjectName, type ProofInput } from './input.ts';
import type { Issuer } from './issuer.ts';

/** One line of the table of who may assume the role. */
export interface TrustRow {
  readonly who: string;
  readonly expected: 'Allowed' | 'Denied';
  readonly got: 'Allowed' | 'Denied';
}

export interface TrustedRole {
  readonly arn: string;
  readonly trustPolicy: PolicyDocument;
}

/** The role of the IAMServiceAccount's status, as IAM has it. */
export async function readRole(issuer: Issuer, input: ProofInput): Promise<TrustedRole> {
  const { iamServiceAccount } = input;
  const kind = 'iamserviceaccounts.irsa.giantswarm.io';
  const { status } = await read<{ status?: { roleARN?: string } }>(input, kind, iamServiceAccount);
  const arn = status?.roleARN;
  if (!arn) throw new Error('the status names no role');
  const iam = await iamClient(issuer, input);
  const { Role } = await iam.send(new GetRoleCommand({ RoleName: arn.slice(arn.lastIndexOf('/') + 1) }));
  if (Role?.Arn !== arn) throw new Error(`IAM has ${Role?.Arn}, the status ${arn}`);
  return { arn, trustPolicy: JSON.parse(decodeURIComponent(Role.AssumeRolePolicyDocument ?? '')) as PolicyDocument };
}

/**
 * Asks an evaluator of AWS policies who may assume the role: the service account must, and those who come near it must
 * not.
 */
export async function proveTrust(role: TrustedRole, issuer: Issuer, subject: ObjectName): Promise<TrustRow[]> {
  const { namespace, name } = subject;
  const cases = [
    { who: `${namespace}/${name}`, expected: 'Allowed' },
    { who: 'another service account', name: `${name}-2`, expected: 'Denied' },
    { who: 'another namespace', namespace: `${namespace}-2`, expected: 'Denied' },
    { who: 'another audience', aud: 'kubernetes.default.svc', expected: 'Denied' },
    { who: 'another issuer', url: 'https://issuer.invalid', expected: 'Denied' },
  ] as const;
  const judged = cases.map(async ({ who, expected, ...change }): Promise<TrustRow> => {
    const token = { namespace, name, aud: audience, url: issuer.url, ...change };
    const verdict = await mayAssume({
      roleARN: role.arn,
      trustPolicy: role.trustPolicy,
      issuer: token.url,
      subject: `system:serviceaccount:${token.namespace}:${token.name}`,
      audience: token.aud,
    });
    return { who, expected, got: verdict === 'Allowed' ? 'Allowed' : 'Denied' };
  });
  const rows = await Promise.all(judged);
  const wrong = rows.filter(({ expected, got }) => got !== expected);
  if (wrong.length > 0) throw new Error(wrong.map(({ who, got }) => `${who} is ${got}`).join(', '));
  return rows;
}

export function trustTable(rows: readonly TrustRow[]): string {
  const width = Math.max(...rows.map(({ who }) => who.length));
  return rows.map(({ who, got }) => `${who.padEnd(width)}  ${got}`).join('\n');
}

/** A client that is nobody's but the proof's, in the account of the issuer. */
async function iamClient({ accountID, region }: Issuer, { front }: ProofInput): Promise<IAMClient> {
  const options = { endpoint: front.url, region };
  const sts = new STSClient({ ...options, credentials: { accessKeyId: 'AKIAPROOF', secretAccessKey: 'proof' } });
  const RoleArn = `arn:aws:iam::${accountID}:role/proof`;
  const { Credentials } = await sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'proof' }));
  const { AccessKeyId = '', SecretAccessKey = '', SessionToken = '' } = Credentials ?? {};
  const credentials = { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken };
  return new IAMClient({ ...options, credentials });
}
