import type { IssuerDocuments } from '../../../src/controllers/oidc-issuer/registrations/published.ts';
import type { Served } from '../../../src/oidc/served.ts';
import type { FakeAws } from '../../fakes/aws/fake-aws.ts';
import type { FakeDistribution } from '../../fakes/aws/cloudfront.ts';
import type { FakeObject } from '../../fakes/aws/s3.ts';
import { runFunction } from '../../backends/aws/edge-function.ts';

/** CloudFront's edge and S3's public endpoint over FakeAws: serve documents once DNS, distribution, policy and access block let them. */
export class FakeEdge implements IssuerDocuments {
  readonly fetched: string[] = [];
  /** By URL: what somebody else answers there. */
  readonly answers = new Map<string, Record<string, unknown>>();
  /** The HTTP status with which S3 refuses everybody. */
  refusal: number | undefined;

  constructor(private readonly aws: FakeAws) {}

  /** What each edge serves: while CloudFront rolls out changes, some edges have each of them and some have what was before. */
  atEveryEdge(url: string): (Record<string, unknown> | undefined)[] {
    const distribution = this.#resolve(new URL(url).hostname);
    if (!distribution?.before) return [];
    return [...distribution.before, distribution.config].map((config) => this.#read(distribution, config, url));
  }

  /** Asks the edge that hears last of changes. */
  async fetch(url: string, jwksURI: string | undefined): Promise<Served> {
    this.fetched.push(url);
    const discovery = this.#get(`${url}/.well-known/openid-configuration`);
    if (!discovery) throw Object.assign(new Error(`${url} is not served`), { code: `HTTP_${this.refusal ?? 404}` });
    if (jwksURI === undefined || discovery['jwks_uri'] !== jwksURI) return { discovery, jwks: undefined };
    const jwks = this.#get(jwksURI);
    if (!jwks) throw new Error(`${jwksURI} is not served`);
    return { discovery, jwks };
  }

  #get(url: string): Record<string, unknown> | undefined {
    const answer = this.answers.get(url);
    if (answer) return answer;
    const { hostname, pathname } = new URL(url);
    if (hostname.startsWith('s3.')) return this.refusal === undefined ? this.#getPublic(pathname) : undefined;
    return this.atEveryEdge(url)[0];
  }

  /** An edge signs what it asks of the bucket. */
  #read(
    distribution: FakeDistribution,
    config: FakeDistribution['config'],
    url: string,
  ): Record<string, unknown> | undefined {
    const { DomainName = '', OriginPath = '', OriginAccessControlId } = config.Origins?.Items?.[0] ?? {};
    const controls = [...this.aws.allAccounts()].map(({ originAccessControls }) => originAccessControls);
    const signs = controls.some((known) => known.has(OriginAccessControlId ?? ''));
    const bucket = this.aws.buckets.get(DomainName.split('.')[0] ?? '');
    const { hostname, pathname } = new URL(url);
    const viewed = this.#throughFunction(distribution, config, { host: hostname, path: pathname });
    if ('status' in viewed) return JSON.parse(viewed.body) as Record<string, unknown>;
    if (!signs || !bucket?.policy?.includes(distribution.arn)) return undefined;
    const object = bucket.objects.get(`${OriginPath}${viewed.path}`.slice(1));
    return object && isReadable(object) ? (JSON.parse(object.body) as Record<string, unknown>) : undefined;
  }

  /** What the function of the distribution, if it has one, makes of the request. */
  #throughFunction(
    { id, domainName }: FakeDistribution,
    config: FakeDistribution['config'],
    asked: { host: string; path: string },
  ) {
    const [association] = config.DefaultCacheBehavior?.FunctionAssociations?.Items ?? [];
    const functions = [...this.aws.allAccounts()].flatMap((account) => [...account.functions.values()]);
    const code = functions.find(({ arn }) => arn === association?.FunctionARN)?.live?.code;
    if (code === undefined) return { path: asked.path };
    return runFunction(code, { ...asked, distributionID: id, distributionDomain: domainName });
  }

  #getPublic(path: string): Record<string, unknown> | undefined {
    const [, name = '', ...rest] = path.split('/');
    const key = rest.join('/');
    const { policy, publicAccessBlock, objects } = this.aws.buckets.get(name) ?? {};
    const { Statement } = JSON.parse(policy ?? '{"Statement":[]}') as {
      Statement: { Effect: string; Principal: unknown; Resource: string | string[] }[];
    };
    const isAllowed = Statement.some(
      ({ Effect, Principal, Resource }) =>
        Effect === 'Allow' && Principal === '*' && [Resource].flat().some((arn) => arn.endsWith(`:::${name}/${key}`)),
    );
    const object = isAllowed && !publicAccessBlock?.RestrictPublicBuckets ? objects?.get(key) : undefined;
    return object && isReadable(object) ? (JSON.parse(object.body) as Record<string, unknown>) : undefined;
  }

  #resolve(host: string): FakeDistribution | undefined {
    const accounts = [...this.aws.allAccounts()];
    const [record] = this.aws.publicRecords(host).filter(({ type }) => type === 'A' || type === 'CNAME');
    const target = record?.alias?.dnsName ?? record?.values?.[0] ?? host;
    const distributions = accounts.flatMap((account) => [...account.distributions.values()]);
    return distributions.find(({ domainName, config }) => {
      const names = [domainName, ...(config.Aliases?.Items ?? [])];
      return domainName === target && names.includes(host);
    });
  }
}

/** Who may not use the key of KMS reads nothing. */
const isReadable = ({ encryption }: FakeObject) => encryption === 'AES256';
