/** The paths of the documents, under the issuer's URL and in its bucket. */
export const discoveryKey = '.well-known/openid-configuration';
export const jwksKey = 'keys.json';

export function discoveryURL(issuer: string): string {
  return `${issuer}/${discoveryKey}`;
}

export function jwksURL(issuer: string): string {
  return `${issuer}/${jwksKey}`;
}

/** https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderMetadata */
export interface DiscoveryDocument {
  readonly issuer: string;
  readonly jwks_uri: string;
  readonly response_types_supported: readonly string[];
  readonly subject_types_supported: readonly string[];
  readonly id_token_signing_alg_values_supported: readonly string[];
  readonly claims_supported: readonly string[];
}

/**
 * Without the response types, subject types and algorithms STS says "Couldn't retrieve verification key".
 * The list has all algorithms that STS takes, not only those of today's keys, so that a new key changes the key set alone.
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
 */
export function discoveryDocument(issuer: string, jwksURI: string = jwksURL(issuer)): DiscoveryDocument {
  return {
    issuer,
    jwks_uri: jwksURI,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512'],
    claims_supported: ['iss', 'sub'],
  };
}
