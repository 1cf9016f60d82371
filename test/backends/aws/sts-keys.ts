import { createLocalJWKSet, type JWK, type JWTVerifyGetKey } from 'jose';
import type { FetchPage } from './edge-fetch.ts';

/** Signature algorithms that STS takes: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html */
export const algorithms = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512'];

/** An issuer does not answer, or not with what OpenID Connect and AWS ask for. */
export class PublicationError extends Error {}

/** What an issuer publishes. */
export interface Publication {
  readonly jwksURI: string;
  readonly kids: readonly string[];
  /** Finds the key that a token says it was signed with. */
  readonly findKey: JWTVerifyGetKey;
}

/** Fetches an issuer's discovery document and the keys that it points to, and is as particular about both as STS is. */
export async function fetchPublication(issuer: string, fetch: FetchPage): Promise<Publication> {
  const discovery = await fetchJSON(`${issuer}/.well-known/openid-configuration`, fetch);
  if (discovery['issuer'] !== issuer) {
    throw new PublicationError(`the discovery document of ${issuer} names the issuer ${String(discovery['issuer'])}`);
  }
  // STS wants these, although it has no use for them: https://repost.aws/knowledge-center/iam-sts-invalididentitytoken
  for (const field of [
    'response_types_supported',
    'subject_types_supported',
    'id_token_signing_alg_values_supported',
  ]) {
    if (!Array.isArray(discovery[field]))
      throw new PublicationError(`the discovery document of ${issuer} lacks ${field}`);
  }
  const jwksURI = String(discovery['jwks_uri']);
  if (!jwksURI.startsWith('https://')) throw new PublicationError(`the keys of ${issuer} lie at ${jwksURI}: not https`);
  const { keys: list } = await fetchJSON(jwksURI, fetch);
  const keys = Array.isArray(list) ? (list as JWK[]) : [];
  // https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html
  const count = (type: string): number => keys.filter(({ kty }) => kty === type).length;
  if (count('RSA') + count('EC') === 0 || count('RSA') > 100 || count('EC') > 100) {
    throw new PublicationError(`${jwksURI} holds ${keys.length} keys: 1 to 100 of RSA and EC each can be used`);
  }
  return { jwksURI, kids: keys.map(({ kid }) => kid ?? ''), findKey: createLocalJWKSet({ keys }) };
}

async function fetchJSON(url: string, fetch: FetchPage): Promise<Record<string, unknown>> {
  const page = await fetch(url);
  if (page.status !== 200) throw new PublicationError(`${url} answers ${page.status}`);
  try {
    return JSON.parse(page.body) as Record<string, unknown>;
  } catch (cause) {
    throw new PublicationError(`${url} is no JSON`, { cause });
  }
}
