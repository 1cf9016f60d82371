import type { AwsFront } from '../backends/aws/front.ts';

interface Read {
  readonly operation: string;
  readonly accountID: string;
  /** Of calls about a role; `all` of those about all roles. */
  readonly roleName: string | null;
  /** Of listings. */
  readonly isFirstPage: boolean;
}

/** What the operator asks of an account for all of its roles together. */
const sweeping = new Set(['GetAccountAuthorizationDetails', 'ListRoles', 'GetAccountSummary']);

/** What was called on AWS, pass by pass of the operator: each pass over an object makes the same calls in a circle. */
export class ReadLog {
  readonly #reads: Read[] = [];

  constructor(front: AwsFront) {
    const judge = front.authorize;
    front.authorize = (request, credential) => {
      const { operation, accountID, form } = request;
      const ofRoles = sweeping.has(operation) ? 'all' : form.get('RoleName');
      this.#reads.push({ operation, accountID, roleName: ofRoles, isFirstPage: !form.has('Marker') });
      return judge(request, credential);
    };
  }

  clear(): void {
    this.#reads.length = 0;
  }

  /** The operations of each whole pass over the role of the IAMServiceAccount. */
  rolePasses(name: string): string[][] {
    return circles(
      this.#reads.filter(({ roleName }) => roleName?.startsWith(`${name}-`)),
      'GetRole',
    );
  }

  /** The operations of each whole sweep of the account's roles. */
  sweeps(accountID: string): string[][] {
    const calls = this.#reads.filter((read) => read.accountID === accountID && read.roleName === 'all');
    return circles(calls, 'GetAccountAuthorizationDetails');
  }

  /** The operations of each whole pass over the one issuer of the account. */
  issuerPasses(accountID: string): string[][] {
    const calls = this.#reads.filter((read) => read.accountID === accountID && read.roleName === null);
    return circles(
      calls.filter(({ operation }) => operation !== 'AssumeRole'),
      'GetDistribution',
    );
  }
}

/** From one call of the operation to before the next, as often as that is whole. */
function circles(reads: readonly Read[], operation: string): string[][] {
  const result: string[][] = [];
  for (const read of reads) {
    if (read.operation === operation && read.isFirstPage) result.push([]);
    result.at(-1)?.push(read.operation);
  }
  return result.slice(0, -1);
}
