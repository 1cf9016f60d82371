import { asStored } from '../distribution-config.ts';
import { Distribution } from '../distributions.ts';
import { awsError } from '../errors.ts';
import type { AwsRequest } from '../request.ts';
import type { FrontState } from '../state.ts';
import { element, items, text, texts, type Xml } from '../xml.ts';
import { cloudFrontReply, noContent, page } from './cloudfront.ts';
import type { Handler } from './index.ts';

// CloudFront is served here and not by moto, which loses origin access controls and most of an origin,
// never changes an ETag, and has no InProgress after an update.

export const distributions: Readonly<Record<string, Handler>> = {
  'cloudfront:CreateDistribution': (request, state) => create(request, request.xml, [], state),
  'cloudfront:CreateDistributionWithTags': (request, state) =>
    create(
      request,
      element(request.xml, 'DistributionConfig') ?? '',
      tagsIn(element(request.xml, 'Tags') ?? ''),
      state,
    ),

  'cloudfront:GetDistribution': (request, state) => {
    const distribution = findDistribution(request, state);
    return cloudFrontReply(200, 'Distribution', details(distribution), { etag: distribution.etag });
  },
  'cloudfront:GetDistributionConfig': (request, state) => {
    const { config, etag } = findDistribution(request, state);
    return cloudFrontReply(200, 'DistributionConfig', config, { etag });
  },
  'cloudfront:UpdateDistribution': (request, state) => {
    const distribution = findDistribution(request, state);
    distribution.change(asStored(request.xml), state.timing.deployMillis);
    return cloudFrontReply(200, 'Distribution', details(distribution), { etag: distribution.etag });
  },
  'cloudfront:DeleteDistribution': (request, state) => {
    state.distributions.delete(findDistribution(request, state).id);
    return noContent;
  },
  'cloudfront:ListDistributions': ({ accountID, query }, state) => {
    const mine = [...state.distributions.values()].filter((distribution) => distribution.accountID === accountID);
    return cloudFrontReply(200, 'DistributionList', page(mine, query, summary, 'DistributionSummary'));
  },

  'cloudfront:ListConflictingAliases': ({ accountID, query }, state) => {
    const alias = query.get('Alias') ?? '';
    const asking = findDistribution({ labels: { id: query.get('DistributionId') ?? '' }, accountID }, state);
    const certificate = state.certificates.get(asking.certificateARN ?? '');
    if (!certificate?.covers(alias)) throw awsError('InvalidArgument', 400, `No certificate of it covers ${alias}.`);
    const conflicts = [...state.distributions.values()]
      .filter(({ id }) => id !== asking.id)
      .flatMap((other) => other.aliases.filter((name) => overlaps(name, alias)).map((name) => ({ id: name, other })));
    const shown = page(conflicts, query, ({ id, other }) => conflict(id, other), 'ConflictingAlias');
    return cloudFrontReply(200, 'ConflictingAliasesList', shown);
  },

  'cloudfront:ListTagsForResource': (request, state) => {
    const { arn, tags: held } = findTagged(request, state);
    const tags = state.lateTags.hides(arn) ? [] : [...held].map(([Key, Value]) => ({ Key, Value }));
    return cloudFrontReply(200, 'Tags', { Items: tags.length > 0 ? { Tag: tags } : '' });
  },
  'cloudfront:TagResource': (request, state) => {
    const { tags } = findTagged(request, state);
    for (const [key, value] of tagsIn(request.xml)) tags.set(key, value);
    return noContent;
  },
  'cloudfront:UntagResource': (request, state) => {
    const { tags } = findTagged(request, state);
    for (const key of texts(request.xml, 'Items', 'Key')) tags.delete(key);
    return noContent;
  },
};

interface Tagged {
  readonly arn: string;
  readonly accountID: string;
  readonly tags: Map<string, string>;
}

/** The Tags element of a request. */
export function tagsIn(tags: Xml): [key: string, value: string][] {
  return items(tags, 'Items', 'Tag').map((tag) => [text(tag, 'Key'), text(tag, 'Value')]);
}

/** https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_ListConflictingAliases.html */
const overlaps = (name: string, alias: string) => name === alias || name === alias.replace(/^[^.]+/, '*');

/** The first half of each id is hidden. */
function conflict(Alias: string, { id, accountID }: Distribution): Xml {
  const hide = (text: string) => '*'.repeat(text.length / 2) + text.slice(text.length / 2);
  return { Alias, DistributionId: hide(id), AccountId: hide(accountID) };
}

/** The distribution a call is about; another account's is as good as none. */
export function findDistribution(
  { labels, accountID }: Pick<AwsRequest, 'labels' | 'accountID'>,
  state: FrontState,
): Distribution {
  const found = state.distributions.get(labels['id'] ?? '');
  if (found?.accountID === accountID) return found;
  throw awsError('NoSuchDistribution', 404, 'The specified distribution does not exist.');
}

/** What has tags: distributions and functions. */
function findTagged({ query, accountID }: AwsRequest, state: FrontState): Tagged {
  const arn = query.get('Resource');
  const all: Tagged[] = [...state.distributions.values(), ...state.functions.values()];
  const found = all.find((one) => one.arn === arn && one.accountID === accountID);
  if (!found) throw awsError('NoSuchResource', 404, `The resource ${arn} does not exist.`);
  return found;
}

function create({ accountID }: AwsRequest, config: Xml, tags: [string, string][], state: FrontState) {
  const distribution = new Distribution(accountID, asStored(config));
  distribution.change(distribution.config, state.timing.deployMillis);
  for (const [key, value] of tags) distribution.tags.set(key, value);
  state.distributions.set(distribution.id, distribution);
  state.lateTags.made(distribution.arn, state.timing.readsWithoutTags);
  const location = `https://cloudfront.amazonaws.com/2020-05-31/distribution/${distribution.id}`;
  return cloudFrontReply(201, 'Distribution', details(distribution), { etag: distribution.etag, location });
}

function heading({ id, arn, deployed, lastModified, domainName }: Distribution): Record<string, Xml> {
  return {
    Id: id,
    ARN: arn,
    Status: deployed ? 'Deployed' : 'InProgress',
    LastModifiedTime: new Date(lastModified).toISOString(),
    DomainName: domainName,
  };
}

function details(distribution: Distribution): Xml {
  const nobody = { Enabled: 'false', Quantity: '0' };
  return {
    ...heading(distribution),
    InProgressInvalidationBatches: '0',
    ActiveTrustedSigners: nobody,
    ActiveTrustedKeyGroups: nobody,
    DistributionConfig: distribution.config,
  };
}

/** A list shows each configuration without the fields that only its owner needs, and the tags of none. */
function summary(distribution: Distribution): Xml {
  const hidden = ['CallerReference', 'DefaultRootObject', 'Logging'];
  const config = Object.entries(distribution.config).filter(([name]) => !hidden.includes(name));
  return { ...heading(distribution), ETag: distribution.etag, ...(Object.fromEntries(config) as Record<string, Xml>) };
}
