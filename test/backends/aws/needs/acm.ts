import {
  creation,
  each,
  need,
  onEverything,
  requestTags,
  resourceTags,
  unborn,
  type Needs,
  type Read,
  type Tags,
} from './need.ts';

function jsonTags(json: Record<string, unknown>): Tags {
  const tags = (json['Tags'] ?? []) as readonly { readonly Key: string; readonly Value?: string }[];
  return tags.map(({ Key, Value = '' }) => [Key, Value] as const);
}

const requestCertificate: Read = ({ json, region, accountID }) => {
  const arn = `arn:aws:acm:${region}:${accountID}:certificate/${unborn}`;
  return creation('acm:RequestCertificate', 'acm:AddTagsToCertificate', ['*', arn], jsonTags(json));
};

const onCertificate: Read = ({ operation, json }, state) => {
  const arn = json['CertificateArn'] as string;
  const held = [...(state.certificates.get(arn)?.tags ?? [])];
  return [need(`acm:${operation}`, arn, { ...resourceTags(held), ...requestTags(jsonTags(json)) })];
};

/** https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscertificatemanager.html */
export const acmNeeds: Needs = {
  'acm:RequestCertificate': requestCertificate,
  'acm:ListCertificates': onEverything('acm:ListCertificates'),
  ...each(
    'acm',
    [
      ...['DescribeCertificate', 'DeleteCertificate', 'ListTagsForCertificate'],
      ...['AddTagsToCertificate', 'RemoveTagsFromCertificate'],
    ],
    onCertificate,
  ),
};
