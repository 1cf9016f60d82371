/**
 * Why nothing answers under a URL, by the codes and names of the error and of its causes.
 * https://nodejs.org/api/errors.html#common-system-errors, https://nodejs.org/api/dns.html#error-codes
 */
const says =
  (...words: string[]) =>
  (error: unknown): boolean => {
    for (let link = error; typeof link === 'object' && link !== null; link = 'cause' in link ? link.cause : undefined) {
      if ('code' in link && words.includes(String(link.code))) return true;
      if ('name' in link && words.includes(String(link.name))) return true;
    }
    return false;
  };

/** The resolver knows no address of the name. */
export const isUnresolved = says('ENOTFOUND', 'ENODATA');

/** The resolver does not answer, or fails. */
export const isNoResolver = says('EAI_AGAIN', 'ETIMEOUT', 'ESERVFAIL');

/** The proxy did not take us there; Node's error names the proxy. */
export const isNoWayOut = says('ERR_PROXY_TUNNEL');

/** The server refuses whoever asks. */
export const isRefused = says('HTTP_403');

/** The server wants to know who asks. */
export const isUnauthorized = says('HTTP_401');

/** The server does not answer. */
export const isNoAnswer = says(
  'AbortError',
  'TimeoutError',
  'ECONNREFUSED',
  'ECONNRESET',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
);
