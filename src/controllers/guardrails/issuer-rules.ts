import type { GuardrailSpec } from '../../api/generated/guardrail.ts';
import type { OIDCIssuer } from '../../api/kinds.ts';
import { notListed, notSet, type Objection } from './objection.ts';
import { matches, matchesAny } from './patterns.ts';

/** What this Guardrail does not allow of an issuer. */
export function objectionsToIssuer({ spec }: OIDCIssuer, { accounts, issuers }: GuardrailSpec): Objection[] {
  const objections: Objection[] = [];
  const zoneAccount = spec.hosting.cloudFront?.dns?.route53?.account;
  objections.push(
    ...objectionsToAccounts([spec.account?.roleARN, ...(zoneAccount ? [zoneAccount.roleARN] : [])], accounts),
  );
  for (const [index, { roleARN }] of (spec.additionalAccounts ?? []).entries()) {
    if (matchesARN(accounts, roleARN)) continue;
    objections.push(notListed(`spec.additionalAccounts[${index}].roleARN`, roleARN, 'accounts', accounts));
  }
  if (!issuers) {
    objections.push(notSet('OIDCIssuers', 'issuers', { allows: 'none', needs: {} }));
  }
  const { cloudFront, external } = spec.hosting;
  const host = cloudFront?.alias ?? (external && hostOf(external.issuerURL));
  if (host !== undefined && !matchesHost(issuers?.aliases, host)) {
    const field = external ? 'spec.hosting.external.issuerURL with the host' : 'spec.hosting.cloudFront.alias';
    objections.push(notListed(field, host, 'issuers.aliases', issuers?.aliases));
  }
  if (spec.cluster?.inCluster && !issuers?.inCluster) objections.push(notInCluster('spec.cluster.inCluster'));
  const refusedKeys = Object.keys(spec.tags ?? {}).filter((key) => !matchesAny(issuers?.tagKeys, key));
  objections.push(...refusedKeys.map((key) => notListed('spec.tags', key, 'issuers.tagKeys', issuers?.tagKeys)));
  return objections;
}

export function objectionsToAccounts(
  roleARNs: readonly (string | undefined)[],
  accounts: readonly string[],
): Objection[] {
  return [...new Set(roleARNs)]
    .filter((roleARN) => !(roleARN === undefined ? accounts.includes('Own') : matchesARN(accounts, roleARN)))
    .map((roleARN) =>
      roleARN === undefined
        ? notListed("the operator's own account,", 'Own', 'accounts', accounts)
        : notListed('the account role', roleARN, 'accounts', accounts),
    );
}

const matchesARN = (accounts: readonly string[], roleARN: string) =>
  accounts.some((pattern) => pattern !== 'Own' && matches(pattern, roleARN));

export const notInCluster = (asks: string): Objection =>
  notSet(asks, 'issuers.inCluster', { allows: 'none', needs: true });

/** Text that is not a URL, which the CRD lets through in some cases, counts as its own host: no pattern for hosts allows it. */
const hostOf = (url: string) => (URL.canParse(url) ? new URL(url).host : url);

/** As DNS compares names: whatever the case, and with or without the dot at the end. */
const matchesHost = (patterns: readonly string[] | undefined, host: string) =>
  matchesAny(patterns?.map(withoutDot), withoutDot(host), { ignoreCase: true });
const withoutDot = (host: string) => host.replace(/\.$/, '');
