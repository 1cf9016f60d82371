import { randomBytes } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader, errors, jwtVerify, type JWTPayload } from 'jose';
import type { FetchPage } from './edge-fetch.ts';
import { AwsError } from './errors.ts';
import { mayAssume } from './evaluator.ts';
import type { AwsRequest, Reply } from './request.ts';
import type { FrontState } from './state.ts';
import { Accounts, type Role } from './sts-accounts.ts';
import { algorithms, fetchPublication, PublicationError, type Publication } from './sts-keys.ts';
import { xmlDocument } from './xml.ts';

/** What the caller of AssumeRoleWithWebIdentity was handed out. */
export interface Session {
  readonly role: Role;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiresAt: Date;
}

interface Claims {
  readonly issuer: string;
  readonly subject: string;
  readonly audience: string;
}

/**
 * AssumeRoleWithWebIdentity, as STS answers it: moto takes any token.
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
 */
export class WebIdentitySts {
  /** By access key id. */
  readonly sessions = new Map<string, Session>();
  readonly #accounts: Accounts;

  constructor(
    private readonly state: FrontState,
    private readonly fetch: FetchPage,
  ) {
    this.#accounts = new Accounts(state);
  }

  async assumeRole({ form }: Pick<AwsRequest, 'form'>): Promise<Reply> {
    const roleARN = form.get('RoleArn') ?? '';
    const sessionName = form.get('RoleSessionName') ?? '';
    const seconds = Number(form.get('DurationSeconds') ?? 3600);
    if (!/^arn:[a-z-]+:iam::\d{12}:role\/.+$/.test(roleARN)) throw invalid(`${roleARN} is not the ARN of a role`);
    if (!/^[\w+=,.@-]{2,64}$/.test(sessionName)) throw invalid(`${sessionName} is not a session name`);
    if (!(seconds >= 900 && seconds <= 43_200)) throw invalid('DurationSeconds must be from 900 to 43200');
    const claims = await this.#verify(form.get('WebIdentityToken') ?? '', roleARN);
    const role = await this.#trusting(roleARN, claims);
    if (seconds > role.maxSessionSeconds) {
      throw invalid('The requested DurationSeconds exceeds the MaxSessionDuration set for this role.');
    }
    return this.#reply(role, sessionName, seconds, claims);
  }

  /** The claims of a token that is one for AWS: of a registered issuer, for a registered audience, signed and still good. */
  async #verify(token: string, roleARN: string): Promise<Claims> {
    const claims = decode(token);
    const [audience, ...others] = [claims.aud ?? []].flat();
    const provider = await this.#accounts.findProvider(roleARN, claims.iss ?? '');
    if (!provider) throw untrusted(`No OpenIDConnect provider found in your account for ${claims.iss}`);
    if (audience === undefined || others.length > 0 || !provider.clientIDs.includes(audience)) {
      throw untrusted('Incorrect token audience');
    }
    const publication = await this.#publication(claims.iss ?? '');
    try {
      await jwtVerify(token, publication.findKey, { algorithms, requiredClaims: ['exp', 'iat', 'sub'] });
    } catch (error) {
      if (error instanceof errors.JWTExpired)
        throw new AwsError('ExpiredTokenException', 400, `Token expired: ${error.message}`);
      throw untrusted(`Couldn't verify the token: ${String(error)}`);
    }
    return { issuer: claims.iss ?? '', subject: claims.sub ?? '', audience };
  }

  async #publication(issuer: string): Promise<Publication> {
    try {
      return await fetchPublication(issuer, this.fetch);
    } catch (error) {
      const message = `Couldn't retrieve verification key from your identity provider: ${String(error)}`;
      throw error instanceof PublicationError
        ? untrusted(message)
        : new AwsError('IDPCommunicationError', 400, message);
    }
  }

  /** The role, if it is there and trusts whom the token speaks of; who may not assume it learns neither. */
  async #trusting(roleARN: string, claims: Claims): Promise<Role> {
    const role = await this.#accounts.findRole(roleARN);
    if (role && (await mayAssume({ roleARN, trustPolicy: role.trustPolicy, ...claims })) === 'Allowed') return role;
    throw new AwsError('AccessDenied', 403, 'Not authorized to perform sts:AssumeRoleWithWebIdentity');
  }

  #reply(role: Role, sessionName: string, seconds: number, claims: Claims): Reply {
    const accessKeyID = `ASIA${randomBytes(8).toString('hex').toUpperCase()}`;
    const session: Session = {
      role,
      secretAccessKey: randomBytes(30).toString('base64'),
      sessionToken: randomBytes(96).toString('base64'),
      expiresAt: new Date(Date.now() + seconds * 1000),
    };
    this.sessions.set(accessKeyID, session);
    const { arn: roleARN, accountID } = role;
    this.state.credentials.set(accessKeyID, { accessKeyID, accountID, kind: 'web-identity', roleARN });
    const body = xmlDocument('AssumeRoleWithWebIdentityResponse', 'https://sts.amazonaws.com/doc/2011-06-15/', {
      AssumeRoleWithWebIdentityResult: {
        SubjectFromWebIdentityToken: claims.subject,
        Audience: claims.audience,
        AssumedRoleUser: {
          Arn: `${roleARN.replace(/:iam:.*/, ':sts')}::${accountID}:assumed-role/${role.name}/${sessionName}`,
          AssumedRoleId: `${role.id}:${sessionName}`,
        },
        Credentials: {
          AccessKeyId: accessKeyID,
          SecretAccessKey: session.secretAccessKey,
          SessionToken: session.sessionToken,
          Expiration: session.expiresAt.toISOString(),
        },
        Provider: claims.issuer,
      },
    });
    return { status: 200, headers: { 'content-type': 'text/xml' }, body };
  }
}

function decode(token: string): JWTPayload {
  try {
    const { alg } = decodeProtectedHeader(token);
    if (!algorithms.includes(alg ?? '')) throw untrusted(`${alg} is not a signature algorithm that STS takes`);
    if (token.length > 20_000) throw untrusted('the token is longer than 20000 characters');
    return decodeJwt(token);
  } catch (error) {
    throw error instanceof AwsError ? error : untrusted('The ID Token provided is not a valid JWT.');
  }
}

function untrusted(message: string): AwsError {
  return new AwsError('InvalidIdentityToken', 400, message);
}

function invalid(message: string): AwsError {
  return new AwsError('ValidationError', 400, message);
}
