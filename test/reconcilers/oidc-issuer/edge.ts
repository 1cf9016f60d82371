import type { ExpectedDocuments, IssuerDocuments } from '../../../src/controllers/oidc-issuer/published.ts';
import type { FakeAws } from '../../fakes/aws/fake-aws.ts';
import type { FakeDistribution } from '../../fakes/aws/cloudfront.ts';

/** CloudFront's edge over FakeAws: serves a host's documents once DNS, distribution and bucket policy let it. */
export class FakeEdge implements IssuerDocuments {
  readonly fetched: string[] = [];

  constructor(private readonly aws: FakeAws) {}

  async findProblem(url: string, expected: ExpectedDocuments): Promise<string | undefined> {
    this.fetched.push(url);
    const discovery = this.#get(`${url}/.well-known/openid-configuration`);
    const keys = this.#get(expected.jwksURI);
    if (discovery?.['issuer'] !== expected.issuer || !keys) return `${url} is not served`;
    const kids = (keys['keys'] as { kid: string }[]).map(({ kid }) => kid);
    return expected.kids.every((kid) => kids.includes(kid)) ? undefined : 'a key is missing';
  }

  #get(url: string): Record<string, unknown> | undefined {
    const { hostname, pathname } = new URL(url);
    const distribution = this.#resolve(hostname);
    const origin = distribution?.config.Origins?.Items?.[0]?.DomainName?.split('.')[0] ?? '';
    const bucket = this.aws.buckets.get(origin);
    if (!distribution || distribution.status !== 'Deployed') return undefined;
    if (!bucket?.policy?.includes(distribution.arn)) return undefined;
    const object = bucket.objects.get(pathname.slice(1));
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
