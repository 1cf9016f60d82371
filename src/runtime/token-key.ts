/** As long as an external signer may make it. https://github.com/kubernetes/enhancements/tree/master/keps/sig-auth/740-service-account-external-signing */
const longestKeyId = 1024;
/** A header is a few short members beside the key id. */
const longestHeader = 4 * longestKeyId;

/**
 * The id of the key that signed a token, by the token's header. The rest of the token is not looked at, so nothing proves the
 * signature. Undefined if it is no token with a key id. https://www.rfc-editor.org/rfc/rfc7515#section-4.1.4
 */
export function keyIdOf(token: unknown): string | undefined {
  if (typeof token !== 'string') return undefined;
  const end = token.indexOf('.');
  if (end < 1 || end > longestHeader) return undefined;
  try {
    const header: unknown = JSON.parse(Buffer.from(token.slice(0, end), 'base64url').toString());
    const kid = (header as { readonly kid?: unknown } | null)?.kid;
    return typeof kid === 'string' && kid !== '' && kid.length <= longestKeyId ? kid : undefined;
  } catch {
    return undefined;
  }
}
