import type { OIDCIssuerSpec, OIDCIssuerStatus } from '../../../api/generated/oidc-issuer.ts';
import type { Account } from '../../../aws/accounts.ts';
import { accountOfRole } from '../../../aws/names.ts';
import { Failures } from '../../explain.ts';
import type { IssuerPass } from '../context.ts';

/** An AWS account in which the issuer is to be registered, or is although it is no longer to be. */
export interface Place {
  readonly accountID: string;
  /** Undefined: the operator's own credentials. */
  readonly roleARN: string | undefined;
  /** What messages call it. */
  readonly name: string;
  /** Of the issuer's own account, of an account that the spec names besides, or of one that it named before. */
  readonly kind: 'home' | 'additional' | 'former';
  /** Asks AWS nothing. Whether the account lets the operator in, only a call tells. */
  reach(): Promise<Account>;
}

const field = (index: number) => `spec.additionalAccounts[${index}].roleARN`;

/** Why the additional accounts cannot be registered in, beside the account of the issuer. Undefined: they can. */
export function findAccountsProblem({ additionalAccounts = [] }: OIDCIssuerSpec, home: string): string | undefined {
  const fields = new Map([[home, "the issuer's own account"]]);
  for (const [index, { roleARN }] of additionalAccounts.entries()) {
    const accountID = accountOfRole(roleARN);
    if (accountID === undefined) return `${field(index)}: ${roleARN} is not the ARN of an IAM role`;
    const other = fields.get(accountID);
    if (other !== undefined) {
      return `${field(index)}: account ${accountID} is ${other} already, and an account is registered in once: remove the entry`;
    }
    fields.set(accountID, `that of ${field(index)}`);
  }
  return undefined;
}

/** Before anything is made there: the accounts that may have a provider from now on, with the roles that lead there. */
export function recordAdditionalAccounts(status: OIDCIssuerStatus, { additionalAccounts = [] }: OIDCIssuerSpec): void {
  const named = additionalAccounts.map(({ roleARN }) => ({ accountID: accountOfRole(roleARN) ?? '', roleARN }));
  const ids = new Set(named.map(({ accountID }) => accountID));
  const former = (status.additionalAccounts ?? []).filter(({ accountID }) => !ids.has(accountID));
  setAdditionalAccounts(status, [...named, ...former]);
}

/** Nothing of ours is left in the account. */
export function forgetAccount(status: OIDCIssuerStatus, forgotten: string): void {
  setAdditionalAccounts(
    status,
    (status.additionalAccounts ?? []).filter(({ accountID }) => accountID !== forgotten),
  );
}

function setAdditionalAccounts(
  status: OIDCIssuerStatus,
  accounts: NonNullable<OIDCIssuerStatus['additionalAccounts']>,
): void {
  if (accounts.length > 0) status.additionalAccounts = accounts;
  else delete status.additionalAccounts;
}

/** The accounts of the spec, the issuer's own first, each once. */
export function wantedPlaces(issuer: IssuerPass): readonly Place[] {
  const { account, object } = issuer;
  const home: Place = {
    accountID: account.id,
    roleARN: account.roleARN,
    name: `account ${account.id}`,
    kind: 'home',
    reach: async () => account,
  };
  const places = new Map([[account.id, home]]);
  for (const [index, { roleARN }] of (object.spec.additionalAccounts ?? []).entries()) {
    const accountID = accountOfRole(roleARN);
    if (accountID === undefined || places.has(accountID)) continue;
    const name = `account ${accountID} (${field(index)})`;
    const at = { accountID, roleARN };
    places.set(accountID, { ...at, name, kind: 'additional', reach: () => reach(issuer, at) });
  }
  return [...places.values()];
}

/**
 * The accounts that have a provider of ours, or may have one, and that the spec does not name any more. The status keeps the role that
 * leads there: the one by which the provider was last seen, if there was one.
 */
export function formerPlaces(issuer: IssuerPass, named = wantedPlaces(issuer)): readonly Place[] {
  const wanted = new Set(named.map(({ accountID }) => accountID));
  const places = new Map<string, Place>();
  const { providers = [], additionalAccounts = [] } = issuer.status;
  for (const { accountID, roleARN } of [...providers, ...additionalAccounts]) {
    if (wanted.has(accountID) || places.has(accountID)) continue;
    const at = { accountID, roleARN };
    places.set(accountID, { ...at, name: `account ${accountID}`, kind: 'former', reach: () => reach(issuer, at) });
  }
  return [...places.values()];
}

async function reach(
  { services, object, pass }: IssuerPass,
  { accountID, roleARN }: Pick<Place, 'accountID' | 'roleARN'>,
): Promise<Account> {
  const account = await services.accounts.get({ roleARN, namespace: object.metadata.namespace }, pass);
  if (account.id === accountID) return account;
  throw new Error(`the operator's own credentials are of account ${account.id} now`);
}

/**
 * Does the work in one account after the other. An account in which it fails does not keep it from the others.
 * @throws what failed, once the work was tried in all
 */
export async function inEach(
  { pass }: IssuerPass,
  places: readonly Place[],
  work: (place: Place) => Promise<void>,
): Promise<void> {
  const failures: Error[] = [];
  for (const place of places) {
    try {
      await work(place);
    } catch (error) {
      pass.signal.throwIfAborted();
      // The issuer's own account is the one of which messages speak if they name none.
      failures.push(place.kind === 'home' ? asError(error) : new Error(`in ${place.name}`, { cause: error }));
    }
  }
  if (failures.length === 1) throw failures[0]!;
  if (failures.length > 1) throw new Failures(failures);
}

const asError = (error: unknown) => (error instanceof Error ? error : new Error(String(error)));
