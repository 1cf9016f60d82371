import type { Scope } from '../../../src/aws/scope.ts';
import { FakeLogger } from '../logger.ts';

/** One that nobody aborts and nobody listens to, unless a test says so. */
export const scope = (options: Partial<Scope> = {}): Scope => ({
  signal: new AbortController().signal,
  logger: new FakeLogger(),
  ...options,
});
