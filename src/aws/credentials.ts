import { AssumeRoleCommand } from '@aws-sdk/client-sts';
import type { StsCalls } from './calls.ts';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
}

export type CredentialSource = () => Promise<Credentials>;

/** Longer than the five minutes before expiry at which an SDK client asks again, so that the first client that asks renews for all. */
const renewBefore = 10 * 60_000;

/** The role to assume, and what its trust policy and CloudTrail see of us. */
export interface RoleSession {
  readonly roleARN: string;
  readonly sessionName: string;
  /** `sts:ExternalId` of a trust policy. */
  readonly externalID: string;
}

/** Credentials of one session, for all clients of its account: one AssumeRole an hour. A failed one is not remembered. */
export function assumedRole(sts: StsCalls, session: RoleSession, now: () => number): CredentialSource {
  const { roleARN, sessionName, externalID } = session;
  let current: Promise<Credentials> | undefined;
  let renewAt = Infinity;

  const assume = async (): Promise<Credentials> => {
    const { Credentials: given } = await sts.send(
      `assuming role ${roleARN}`,
      new AssumeRoleCommand({ RoleArn: roleARN, RoleSessionName: sessionName, ExternalId: externalID }),
    );
    if (!given?.AccessKeyId || !given.SecretAccessKey || !given.SessionToken || !given.Expiration) {
      throw new Error(`assuming role ${roleARN}: STS gave no credentials`);
    }
    renewAt = given.Expiration.getTime() - renewBefore;
    return {
      accessKeyId: given.AccessKeyId,
      secretAccessKey: given.SecretAccessKey,
      sessionToken: given.SessionToken,
      expiration: given.Expiration,
    };
  };

  return () => {
    if (!current || now() >= renewAt) {
      renewAt = Infinity;
      const attempt = assume();
      current = attempt;
      attempt.catch(() => {
        if (current === attempt) current = undefined;
      });
    }
    return current;
  };
}

/** At most 64 of `[\w+=,.@-]`. https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html */
export function sessionName(installation: string): string {
  return `irsa-operator-${installation}`.replace(/[^\w+=,.@-]/g, '-').slice(0, 64);
}

/**
 * The external id by which an account's owner pins a role to one namespace: only that namespace's objects send it, whatever
 * ARN others name.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html
 */
export const externalID = (installation: string, namespace: string): string => `${installation}/${namespace}`;
