import type { AwsError } from './errors.ts';
import type { AwsRequest } from './request.ts';
import type { FrontState } from './state.ts';

/** What rules ask of the world beyond the front. */
export interface Hooks {
  /** Whether IAM could reach an issuer, as it does when a provider is made for it. */
  issuerReachable: (url: string) => Promise<boolean>;
}

/** Something that AWS refuses and moto does not. */
export interface Rule {
  readonly name: string;
  /** The AWS page that says so. */
  readonly page: string;
  /** `service:Operation`, or `service:*`. */
  readonly operations: readonly string[];
  /** The error where the call breaks the rule. */
  check(request: AwsRequest, state: FrontState, hooks: Hooks): AwsError | undefined | Promise<AwsError | undefined>;
}

export function applies(rule: Rule, { service, operation }: Pick<AwsRequest, 'service' | 'operation'>): boolean {
  return rule.operations.includes(`${service}:${operation}`) || rule.operations.includes(`${service}:*`);
}
