import { sentConfig } from '../distribution-config.ts';
import { aliases, origins } from '../distributions.ts';
import { awsError } from '../errors.ts';
import type { Rule } from '../rule.ts';
import { element, items, text } from '../xml.ts';

const api = 'https://docs.aws.amazon.com/cloudfront/latest/APIReference';
const operations = [
  'cloudfront:CreateDistribution',
  'cloudfront:CreateDistributionWithTags',
  'cloudfront:UpdateDistribution',
];

export const distributionConfigRules: readonly Rule[] = [
  {
    name: 'distribution-comment-length',
    page: `${api}/API_DistributionConfig.html`,
    operations,
    check(request) {
      if (text(sentConfig(request), 'Comment').length <= 128) return undefined;
      return awsError('InvalidArgument', 400, 'The parameter Comment is too long.');
    },
  },
  {
    name: 'distribution-target-origin',
    page: `${api}/API_DefaultCacheBehavior.html`,
    operations,
    check(request) {
      const config = sentConfig(request);
      const target = text(config, 'DefaultCacheBehavior', 'TargetOriginId');
      if (origins(config).some(({ id }) => id === target)) return undefined;
      return awsError('NoSuchOrigin', 404, 'One or more of your origins or origin groups do not exist.');
    },
  },
  {
    name: 'distribution-quantities',
    page: `${api}/API_Aliases.html`,
    operations,
    check(request) {
      const config = sentConfig(request);
      const right = [
        [text(config, 'Aliases', 'Quantity') || '0', items(config, 'Aliases', 'Items', 'CNAME').length],
        [text(config, 'Origins', 'Quantity'), items(config, 'Origins', 'Items', 'Origin').length],
      ].every(([quantity, count]) => quantity === String(count));
      if (right) return undefined;
      return awsError('InconsistentQuantities', 400, 'The value of Quantity and the size of Items do not match.');
    },
  },
  {
    name: 'distribution-origin-access-control',
    page: 'https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html',
    operations,
    check(request, state) {
      const unknown = origins(sentConfig(request))
        .map(({ originAccessControlID }) => originAccessControlID)
        .find((id) => id && state.originAccessControls.get(id)?.accountID !== request.accountID);
      const message = `The origin access control ${unknown} does not exist.`;
      return unknown ? awsError('InvalidOriginAccessControl', 400, message) : undefined;
    },
  },
  {
    name: 'distribution-s3-origin-config',
    page: `${api}/API_Origin.html`,
    operations,
    check(request) {
      const bare = items(sentConfig(request), 'Origins', 'Items', 'Origin').find(
        (origin) =>
          ['S3OriginConfig', 'CustomOriginConfig', 'VpcOriginConfig'].filter(
            (field) => element(origin, field) !== undefined,
          ).length !== 1,
      );
      const message = 'An origin must have exactly one of S3OriginConfig, CustomOriginConfig and VpcOriginConfig.';
      return bare === undefined ? undefined : awsError('InvalidOrigin', 400, message);
    },
  },
  {
    name: 'distribution-alias-certificate',
    page: 'https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cnames-and-https-requirements.html',
    operations,
    async check(request, state) {
      const config = sentConfig(request);
      const arn = text(config, 'ViewerCertificate', 'ACMCertificateArn');
      const names = aliases(config);
      const refused = (why: string) => awsError('InvalidViewerCertificate', 400, why);
      if (!arn) {
        const why = 'To add an alternate domain name, you must attach a trusted certificate that covers it.';
        return names.length > 0 ? refused(why) : undefined;
      }
      const certificate = state.certificates.get(arn);
      if (certificate?.accountID !== request.accountID || certificate.region !== 'us-east-1') {
        return refused('The certificate does not exist, is not valid, or is not in us-east-1.');
      }
      await certificate.refresh(state.dns);
      if (certificate.issuedAt === undefined) return refused('The certificate is not issued.');
      const bare = names.find((alias) => !certificate.covers(alias));
      return bare === undefined
        ? undefined
        : refused(`The certificate does not cover the alternate domain name ${bare}.`);
    },
  },
  {
    name: 'distribution-alias-is-free',
    page: 'https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/CNAMEs.html',
    operations,
    check(request, state) {
      const others = [...state.distributions.values()].filter(({ id }) => id !== request.labels['id']);
      const taken = new Set(others.flatMap((other) => other.aliases));
      const alias = aliases(sentConfig(request)).find((name) => taken.has(name));
      const message = `One or more of the CNAMEs you provided are already associated with a different resource: ${alias}`;
      return alias === undefined ? undefined : awsError('CNAMEAlreadyExists', 409, message);
    },
  },
];
