import PQueue from 'p-queue';
import { Recent } from './recent.ts';

export type Service = 'acm' | 'cloudfront' | 'iam' | 'route53' | 's3' | 'sts';
export type Limiters = Readonly<Record<Service, PQueue>>;

export interface Limit {
  readonly concurrency: number;
  readonly callsPerSecond: number;
}

/**
 * A share of what an account allows, because people and other tools call there too. Route 53 allows 5 a second and one
 * change a zone at a time (https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DNSLimitations.html). For the others
 * AWS publishes no numbers, or numbers that we never reach. If these are too high, the SDK's adaptive retries slow down.
 */
export const serviceLimits: Readonly<Record<Service, Limit>> = {
  acm: { concurrency: 2, callsPerSecond: 5 },
  cloudfront: { concurrency: 2, callsPerSecond: 5 },
  iam: { concurrency: 5, callsPerSecond: 10 },
  route53: { concurrency: 1, callsPerSecond: 4 },
  s3: { concurrency: 10, callsPerSecond: 50 },
  sts: { concurrency: 5, callsPerSecond: 10 },
};

/** Far more than an operator has. There is a bound because users write account ids too. */
const mostAccounts = 1_000;

/** The limiters of each account. */
export class AccountLimiters {
  private readonly known = new Recent<Limiters>({ most: mostAccounts, mayGo: isIdle });

  constructor(private readonly limits: Readonly<Record<Service, Limit>> = serviceLimits) {}

  of(accountID: string): Limiters {
    return this.known.get(accountID, () => limiters(this.limits));
  }
}

const isIdle = (account: Limiters) => Object.values(account).every(({ pending, size }) => pending === 0 && size === 0);

function limiters(limits: Readonly<Record<Service, Limit>>): Limiters {
  const limiter = ({ concurrency, callsPerSecond }: Limit) =>
    new PQueue({ concurrency, intervalCap: callsPerSecond, interval: 1000 });
  return {
    acm: limiter(limits.acm),
    cloudfront: limiter(limits.cloudfront),
    iam: limiter(limits.iam),
    route53: limiter(limits.route53),
    s3: limiter(limits.s3),
    sts: limiter(limits.sts),
  };
}
