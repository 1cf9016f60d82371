import { Limiter, type Limit, type LimiterClock } from './limiter.ts';
import { Recent } from './recent.ts';

export type Service = 'acm' | 'cloudfront' | 'iam' | 'route53' | 's3' | 'sts';
export type Limits = Readonly<Record<Service, Limit>>;

/**
 * What an account takes in which nobody else calls. Route 53 allows 5 a second and one change a zone at a time
 * (https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DNSLimitations.html), of which people and other tools need a share.
 * For the others AWS publishes no numbers, or numbers that we never reach; where they are too high, the limiter finds out.
 */
export const serviceLimits: Limits = {
  acm: { concurrency: 2, callsPerSecond: 5 },
  cloudfront: { concurrency: 2, callsPerSecond: 5 },
  iam: { concurrency: 20, callsPerSecond: 100 },
  route53: { concurrency: 1, callsPerSecond: 4 },
  s3: { concurrency: 10, callsPerSecond: 50 },
  sts: { concurrency: 5, callsPerSecond: 20 },
};

/** The limits with other rates for some services. */
export function withRates(rates: Readonly<Partial<Record<Service, number | undefined>>>): Limits {
  const limit = (service: Service): Limit => ({
    ...serviceLimits[service],
    callsPerSecond: rates[service] ?? serviceLimits[service].callsPerSecond,
  });
  return eachService(limit);
}

/** Far more than an operator has. There is a bound because users write account ids and regions. */
const mostLimiters = 5_000;

/** Makes the limiters, each on its first use. */
export class Limiters {
  private readonly known = new Recent<Limiter>(mostLimiters, { mayGo: ({ isIdle }) => isIdle });

  constructor(
    private readonly limits: Limits = serviceLimits,
    private readonly clock?: LimiterClock,
  ) {}

  /** @param place the account, and the region of a regional service */
  of(service: Service, place: string): Limiter {
    return this.known.get(`${service} ${place}`, () => new Limiter(this.limits[service], this.clock));
  }
}

function eachService<T>(make: (service: Service) => T): Record<Service, T> {
  return {
    acm: make('acm'),
    cloudfront: make('cloudfront'),
    iam: make('iam'),
    route53: make('route53'),
    s3: make('s3'),
    sts: make('sts'),
  };
}
