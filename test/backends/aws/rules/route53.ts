import { dnsRecord, type DnsRecord } from '../dns.ts';
import { awsError, type AwsError } from '../errors.ts';
import type { AwsRequest } from '../request.ts';
import type { Rule } from '../rule.ts';
import type { FrontState } from '../state.ts';
import { element, items, text, type Xml } from '../xml.ts';

const page = 'https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html';
const operations = ['route53:ChangeResourceRecordSets'];

/** Hosted zone of every alias target in CloudFront: https://docs.aws.amazon.com/Route53/latest/APIReference/API_AliasTarget.html */
const cloudFrontZone = 'Z2FDTNDATAQYW2';

interface Change {
  readonly action: string;
  readonly record: DnsRecord;
  /** The ResourceRecordSet as it was sent. */
  readonly sent: Xml;
}

function changes({ xml }: AwsRequest): Change[] {
  return items(xml, 'ChangeBatch', 'Changes', 'Change').map((change) => {
    const sent = element(change, 'ResourceRecordSet') ?? '';
    return { action: text(change, 'Action'), record: dnsRecord(sent), sent };
  });
}

const sameSet = (a: DnsRecord, b: DnsRecord) => a.name === b.name && a.type === b.type;

/** Whether a DELETE of one removes the other: Route 53 wants every value as it stands. */
function equal(a: DnsRecord, b: DnsRecord): boolean {
  const values = (record: DnsRecord) => [...record.values].sort().join('\n');
  const target = ({ aliasTarget }: DnsRecord) => `${aliasTarget?.zoneID} ${aliasTarget?.dnsName}`;
  return sameSet(a, b) && a.ttl === b.ttl && values(a) === values(b) && target(a) === target(b);
}

function invalid(message: string): AwsError {
  return awsError('InvalidChangeBatch', 400, `[${message}]`);
}

/** Looks at each change of a batch with the records as the changes before it leave them. */
async function walk(
  request: AwsRequest,
  state: FrontState,
  problem: (change: Change, present: readonly DnsRecord[]) => string | undefined,
): Promise<AwsError | undefined> {
  let present = await state.dns.records(request.accountID, request.labels['id'] ?? '');
  for (const change of changes(request)) {
    const message = problem(change, present);
    if (message !== undefined) return invalid(message);
    present = present.filter((record) => !sameSet(record, change.record));
    if (change.action !== 'DELETE') present.push(change.record);
  }
  return undefined;
}

export const route53Rules: readonly Rule[] = [
  {
    name: 'record-set-once-a-batch',
    page,
    operations,
    check(request) {
      const seen = changes(request).map(({ action, record }) => `${action} ${record.name} ${record.type}`);
      const twice = seen.find((one, index) => seen.indexOf(one) !== index);
      return twice === undefined ? undefined : invalid(`The request contains ${twice} twice.`);
    },
  },
  {
    name: 'record-created-once',
    page,
    operations,
    check: (request, state) =>
      walk(request, state, ({ action, record }, present) =>
        action === 'CREATE' && present.some((other) => sameSet(other, record))
          ? `Tried to create resource record set [name='${record.name}', type='${record.type}'] but it already exists`
          : undefined,
      ),
  },
  {
    name: 'record-deleted-as-it-stands',
    page,
    operations,
    check: (request, state) =>
      walk(request, state, ({ action, record }, present) =>
        action === 'DELETE' && !present.some((other) => equal(other, record))
          ? `Tried to delete resource record set [name='${record.name}', type='${record.type}'] but it was not found, ` +
            'or the values provided do not match the current values'
          : undefined,
      ),
  },
  {
    name: 'cname-stands-alone',
    page: 'https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/ResourceRecordTypes.html',
    operations,
    check: (request, state) =>
      walk(request, state, ({ action, record }, present) =>
        action !== 'DELETE' &&
        present.some(({ name, type }) => name === record.name && (type === 'CNAME') !== (record.type === 'CNAME'))
          ? `RRSet of type ${record.type} with DNS name ${record.name} is not permitted as it conflicts with other records`
          : undefined,
      ),
  },
  {
    name: 'alias-of-cloudfront-has-no-health',
    page: 'https://docs.aws.amazon.com/Route53/latest/APIReference/API_AliasTarget.html',
    operations,
    check(request) {
      const evaluated = changes(request).find(
        ({ sent, record }) =>
          record.aliasTarget?.zoneID === cloudFrontZone &&
          text(sent, 'AliasTarget', 'EvaluateTargetHealth') !== 'false',
      );
      return evaluated && invalid('EvaluateTargetHealth must be false for an alias of a CloudFront distribution');
    },
  },
  {
    name: 'alias-of-cloudfront-is-public',
    page: 'https://docs.aws.amazon.com/Route53/latest/APIReference/API_AliasTarget.html',
    operations,
    async check(request, state) {
      if (!changes(request).some(({ record }) => record.aliasTarget?.zoneID === cloudFrontZone)) return undefined;
      const zones = await state.dns.zones(request.accountID);
      const zone = zones.find(({ id }) => id === request.labels['id']);
      return zone?.private
        ? invalid('An alias of a CloudFront distribution cannot stand in a private zone')
        : undefined;
    },
  },
  {
    name: 'alias-of-cloudfront-names-its-zone',
    page: 'https://docs.aws.amazon.com/Route53/latest/APIReference/API_AliasTarget.html',
    operations,
    check(request) {
      const lost = changes(request).find(
        ({ record: { aliasTarget } }) =>
          aliasTarget?.dnsName.endsWith('.cloudfront.net.') && aliasTarget.zoneID !== cloudFrontZone,
      );
      return (
        lost && invalid(`Tried to create an alias that targets ${lost.record.name}, but it was not found in its zone`)
      );
    },
  },
];
