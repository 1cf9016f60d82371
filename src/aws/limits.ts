import PQueue from 'p-queue';

export type Service = 'acm' | 'cloudfront' | 'iam' | 'route53' | 's3' | 'sts';
export type Limiters = Readonly<Record<Service, PQueue>>;

export interface Limit {
  readonly concurrency: number;
  readonly callsPerSecond: number;
}

/**
 * One share of what an account allows, for people and other tools call there too. Route 53 allows 5 a second and one
 * change a zone at a time (https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DNSLimitations.html). For the others
 * AWS publishes no numbers or such as we never reach; where these are too high, the SDK's adaptive retries slow down.
 */
export const serviceLimits: Readonly<Record<Service, Limit>> = {
  acm: { concurrency: 2, callsPerSecond: 5 },
  cloudfront: { concurrency: 2, callsPerSecond: 5 },
  iam: { concurrency: 5, callsPerSecond: 10 },
  route53: { concurrency: 1, callsPerSecond: 4 },
  s3: { concurrency: 10, callsPerSecond: 50 },
  sts: { concurrency: 5, callsPerSecond: 10 },
};

/** The limiters of one account. */
export function limiters(limits: Readonly<Record<Service, Limit>>): Limiters {
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
