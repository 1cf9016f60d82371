import { need, onEverything, type Needs, type Read } from './need.ts';
import { type AwsRequest } from '../request.ts';
import { items, text } from '../xml.ts';

const zoneARN = ({ labels }: AwsRequest) => `arn:aws:route53:::hostedzone/${labels['id']}`;

/** https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/specifying-conditions-route53.html */
const changeRecords: Read = (request) => {
  const changes = items(request.xml, 'ChangeBatch', 'Changes', 'Change');
  const all = (...path: string[]) => [...new Set(changes.map((change) => text(change, ...path)))];
  const names = all('ResourceRecordSet', 'Name').map((name) => name.replace(/\.$/, '').toLowerCase());
  return [
    need('route53:ChangeResourceRecordSets', zoneARN(request), {
      'route53:ChangeResourceRecordSetsRecordTypes': all('ResourceRecordSet', 'Type'),
      'route53:ChangeResourceRecordSetsActions': all('Action'),
      'route53:ChangeResourceRecordSetsNormalizedRecordNames': names,
    }),
  ];
};

/** https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonroute53.html */
export const route53Needs: Needs = {
  'route53:ListHostedZones': onEverything('route53:ListHostedZones'),
  'route53:ListResourceRecordSets': (request) => [need('route53:ListResourceRecordSets', zoneARN(request))],
  'route53:ChangeResourceRecordSets': changeRecords,
  'route53:GetChange': ({ labels }) => [need('route53:GetChange', `arn:aws:route53:::change/${labels['id']}`)],
};
