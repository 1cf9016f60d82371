import { AssumeRoleCommand } from '@aws-sdk/client-sts';
import type { StsCalls } from './calls.ts';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
}

export type CredentialSource = () => Promise<Credentials>;

/**
 * Milliseconds. STS gives credentials for an hour if nobody says otherwise. We count by the clock of this process, because somebody
 * could set the machine's back, and then every call would be made with credentials that have expired.
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
 */
const renewAfter = 50 * 60_000;
/** An SDK client, which goes by the machine's clock, thus asks us before each call. */
const expiration = new Date(0);

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
    const asked = now();
    const { Credentials: given } = await sts.send(
      `assuming role ${roleARN}`,
      new AssumeRoleCommand({ RoleArn: roleARN, RoleSessionName: sessionName, ExternalId: externalID }),
    );
    if (!given?.AccessKeyId || !given.SecretAccessKey || !given.SessionToken) {
      throw new Error(`assuming role ${roleARN}: STS gave no credentials`);
    }
    renewAt = asked + renewAfter;
    return {
      accessKeyId: given.AccessKeyId,
      secretAccessKey: given.SecretAccessKey,
      sessionToken: given.SessionToken,
      expiration,
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
