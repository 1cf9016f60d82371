/**
 * The form that IAM takes as a provider's URL and that a token can carry as `iss`: https, no port, no query. It has no trailing
 * slash, because the two are compared byte for byte and a discovery URL is made by appending.
 * https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html
 */
export function isIssuerURL(url: string): boolean {
  return url.length <= 255 && /^https:\/\/[a-z0-9-]+(\.[a-z0-9-]+)+(\/[A-Za-z0-9._~-]+)*$/.test(url);
}

/** The issuer of tokens whose documents are published under this host name. */
export function issuerURL(host: string): string {
  return `https://${host}`;
}

/** The issuer as IAM writes it, in a provider's ARN and before the `:` of condition keys: with its path, without `https://`. */
export function withoutScheme(url: string): string {
  return url.replace(/^https:\/\//, '');
}
