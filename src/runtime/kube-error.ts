export interface KubeErrorOptions extends ErrorOptions {
  /** Milliseconds after which the server wants to be asked again. */
  readonly retryAfter?: number;
}

/** The API server answered with a failure, or did not answer at all. */
export class KubeError extends Error {
  override readonly name = 'KubeError';
  readonly retryAfter: number | undefined;

  constructor(
    message: string,
    /** HTTP status; undefined: nothing answered (refused, reset, deadline). */
    readonly status: number | undefined,
    /** `reason` of metav1.Status: NotFound, AlreadyExists, Conflict, Forbidden, Invalid, Expired, … */
    readonly reason: string | undefined,
    options?: KubeErrorOptions,
  ) {
    super(message, options);
    this.retryAfter = options?.retryAfter;
  }
}

const is = (error: unknown, status: number, reason?: string) =>
  error instanceof KubeError && error.status === status && (reason === undefined || error.reason === reason);

/** The API server itself says that the object is not there. */
export const isNotFound = (error: unknown) => is(error, 404, 'NotFound');
/** A 404 that says nothing about the object: the kind is not served, or something else answers instead of the API server. */
export const isNotServed = (error: unknown) => is(error, 404) && !isNotFound(error);
export const isAlreadyExists = (error: unknown) => is(error, 409, 'AlreadyExists');
/** The object changed since it was read, or another manager holds the field. */
export const isConflict = (error: unknown) => is(error, 409, 'Conflict');
export const isForbidden = (error: unknown) => is(error, 403);
/** The object is refused for what it says. */
export const isInvalid = (error: unknown): error is KubeError => is(error, 422);
export const isUnauthorized = (error: unknown) => is(error, 401);
/** The resource version, or the rest of a list, can no longer be read. */
export const isExpired = (error: unknown) => is(error, 410);
/** What came is not what an API server sends. */
export const malformed = (doing: string, what: string, options?: ErrorOptions) =>
  new KubeError(`${doing}: ${what}`, undefined, 'Malformed', options);
/** A page of a list, or a line of a watch, that cannot be read now and never will be. */
export const isMalformed = (error: unknown) => error instanceof KubeError && error.reason === 'Malformed';
/** A list has more pages than we read. */
export const isTooLong = (error: unknown) => error instanceof KubeError && error.reason === 'TooLong';
/** Nothing answered. */
export const isUnreachable = (error: unknown) => error instanceof KubeError && error.status === undefined;
/** Asking again may help, if asking twice does no harm. */
export const isTransient = (error: unknown) =>
  isUnreachable(error) ||
  (error instanceof KubeError && (error.status === 429 || (error.status !== undefined && error.status >= 500)));

/**
 * No connection was made, or no answer came in its time. A connection that breaks off is no silence, because somebody was there.
 * @param error as Node.js or undici gave it
 */
export function isSilence(error: unknown): boolean {
  const { name, code } = (error ?? {}) as { readonly name?: unknown; readonly code?: unknown };
  return name === 'TimeoutError' || silent.has(code);
}
/** https://nodejs.org/api/errors.html#common-system-errors, https://undici.nodejs.org/#/docs/api/Errors.md */
const silent: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
]);
