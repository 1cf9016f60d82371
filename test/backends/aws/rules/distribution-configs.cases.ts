import type { Cases } from './case.ts';
import {
  aliased,
  distributionConfig,
  issueCertificate,
  makeDistribution,
  makeOriginAccessControl,
  makeZone,
  originsThrough,
  requestCertificate,
  updateDistribution,
} from './samples.ts';

const [origin] = distributionConfig().Origins?.Items ?? [];

export const distributionConfigCases: Cases = {
  'distribution-comment-length': {
    error: 'InvalidArgument',
    status: 400,
    allowed: ({ aws }) => makeDistribution(aws, { Comment: 'a'.repeat(128) }),
    refused: ({ aws }) => makeDistribution(aws, { Comment: 'a'.repeat(129) }),
  },
  'distribution-target-origin': {
    error: 'NoSuchOrigin',
    status: 404,
    allowed: ({ aws }) => makeDistribution(aws),
    refused: ({ aws }) =>
      makeDistribution(aws, {
        Origins: { Quantity: 1, Items: [{ ...origin, Id: 'another', DomainName: 'b.s3.amazonaws.com' }] },
      }),
  },
  'distribution-quantities': {
    error: 'InconsistentQuantities',
    status: 400,
    allowed: ({ aws }) => makeDistribution(aws, { Aliases: { Quantity: 0 } }),
    refused: ({ aws }) => makeDistribution(aws, { Aliases: { Quantity: 1 } }),
    alsoRefused: {
      'two origins of which one is there': ({ aws }) =>
        makeDistribution(aws, { Origins: { Quantity: 2, Items: distributionConfig().Origins?.Items } }),
    },
  },
  'distribution-origin-access-control': {
    error: 'InvalidOriginAccessControl',
    status: 400,
    async allowed({ aws }) {
      const { id } = await makeOriginAccessControl(aws, 'mine');
      await makeDistribution(aws, { Origins: originsThrough(id) });
    },
    async refused({ aws, other }) {
      const { id } = await makeOriginAccessControl(await other(), 'theirs');
      await makeDistribution(aws, { Origins: originsThrough(id) });
    },
  },
  'distribution-s3-origin-config': {
    error: 'InvalidOrigin',
    status: 400,
    allowed: ({ aws }) => makeDistribution(aws),
    refused: ({ aws }) =>
      makeDistribution(aws, {
        Origins: { Quantity: 1, Items: [{ Id: 'bucket', DomainName: 'bucket.s3.us-east-1.amazonaws.com' }] },
      }),
    alsoRefused: {
      'an origin of two kinds': ({ aws }) => {
        const CustomOriginConfig = { HTTPPort: 80, HTTPSPort: 443, OriginProtocolPolicy: 'https-only' } as const;
        const Origins = { Quantity: 1, Items: [{ ...origin, Id: 'bucket', DomainName: 'b', CustomOriginConfig }] };
        return makeDistribution(aws, { Origins });
      },
    },
  },
  'distribution-alias-certificate': {
    error: 'InvalidViewerCertificate',
    status: 400,
    async allowed({ aws }) {
      const arn = await issueCertificate(aws, '*.example.com');
      await makeDistribution(aws, aliased('irsa.example.com', arn));
    },
    async refused({ aws }) {
      const arn = await issueCertificate(aws, '*.example.com');
      await makeDistribution(aws, aliased('irsa.deeper.example.com', arn));
    },
    alsoRefused: {
      'an alias without a certificate': ({ aws }) =>
        makeDistribution(aws, { Aliases: { Quantity: 1, Items: ['irsa.example.com'] } }),
      'a certificate in another region': async ({ aws }) => {
        const arn = await issueCertificate(aws.at('eu-central-1'), 'irsa.example.com');
        await makeDistribution(aws, aliased('irsa.example.com', arn));
      },
      'a certificate that is not issued': async ({ aws }) => {
        await makeDistribution(aws, aliased('irsa.example.com', await requestCertificate(aws, 'irsa.example.com')));
      },
      'a certificate of another account': async ({ aws, other }) => {
        const arn = await issueCertificate(await other(), 'irsa.example.com');
        await makeDistribution(aws, aliased('irsa.example.com', arn));
      },
    },
  },
  'distribution-alias-is-free': {
    error: 'CNAMEAlreadyExists',
    status: 409,
    async allowed({ aws }) {
      const { id } = await makeDistribution(
        aws,
        aliased('irsa.example.com', await issueCertificate(aws, '*.example.com')),
      );
      await updateDistribution(aws, id, { Comment: 'keeps its own alias' });
    },
    async refused({ aws, other }) {
      const zone = await makeZone(aws, 'example.com');
      const them = await other();
      const theirs = await makeZone(them, 'example.com');
      await makeDistribution(them, aliased('irsa.example.com', await issueCertificate(them, '*.example.com', theirs)));
      await makeDistribution(aws, aliased('irsa.example.com', await issueCertificate(aws, '*.example.com', zone)));
    },
  },
};
