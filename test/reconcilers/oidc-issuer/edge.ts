import type { IssuerDocuments } from '../../../src/controllers/oidc-issuer/registrations/published.ts';
import type { Served } from '../../../src/oidc/served.ts';
import type { FakeAws } from '../../fakes/aws/fake-aws.ts';
import type { FakeDistribution } from '../../fakes/aws/cloudfront.ts';

/** CloudFront's edge over FakeAws: serves a host's documents once DNS, distribution and bucket policy let it. */
export class FakeEdge implements IssuerDocuments {
  readonly fetched: string[] = [];
  /** By URL: what somebody else answers there. */
  readonly answers = new Map<string, Record<string, unknown>>();

  constructor(private readonly aws: FakeAws) {}

  async fetch(url: string, jwksURI: string): Promise<Served> {
    this.fetched.push(url);
    const discovery = this.#get(`${url}/.well-known/openid-configuration`);
    if (!discovery) throw new Error(`${url} is not served`);
    if (discovery['jwks_uri'] !== jwksURI) return { discovery, jwks: undefined };
    const jwks = this.#get(jwksURI);
    if (!jwks) throw new Error(`${jwksURI} is not served`);
    return { discovery, jwks };
  }

  #get(url: string): Record<string, unknown> | undefined {
    const answer = this.answers.get(url);
    if (answer) return answer;
    const { hostname, pathname } = new URL(url);
    const distribution = this.#resolve(hostname);
    const { DomainName = '', OriginPath = '' } = distribution?.config.Origins?.Items?.[0] ?? {};
    const bucket = this.aws.buckets.get(DomainName.split('.')[0] ?? '');
    if (!distribution || distribution.status !== 'Deployed') return undefined;
    if (!bucket?.policy?.includes(distribution.arn)) return undefined;
    const object = bucket.objects.get(`${OriginPath}${pathname}`.slice(1));
    return object && (JSON.parse(object.body) as Record<string, unknown>);
  }

  #resolve(host: string): FakeDistribution | undefined {
    const accounts = [...this.aws.allAccounts()];
    const records = accounts.flatMap(({ zones }) => [...zones.values()].flatMap((zone) => zone.records));
    const target = records.find(({ name, type }) => name === host && type === 'A')?.alias?.dnsName ?? host;
    const distributions = accounts.flatMap((account) => [...account.distributions.values()]);
    return distributions.find(({ domainName, config }) => {
      const names = [domainName, ...(config.Aliases?.Items ?? [])];
      return domainName === target && names.includes(host);
    });
  }
}
