import {
  DeleteDistributionCommand,
  DeleteOriginAccessControlCommand,
  UpdateOriginAccessControlCommand,
} from '@aws-sdk/client-cloudfront';
import type { Cases } from './case.ts';
import { makeDistribution, makeOriginAccessControl, originsThrough } from './samples.ts';

export const originAccessControlCases: Cases = {
  'origin-access-control-version': {
    error: 'InvalidIfMatchVersion',
    status: 400,
    async allowed({ aws }) {
      const { id, etag } = await makeOriginAccessControl(aws, 'bucket');
      await aws.cloudFront.send(new DeleteOriginAccessControlCommand({ Id: id, IfMatch: etag }));
    },
    async refused({ aws }) {
      const { id } = await makeOriginAccessControl(aws, 'bucket');
      await aws.cloudFront.send(new DeleteOriginAccessControlCommand({ Id: id }));
    },
  },
  'origin-access-control-name-length': {
    error: 'InvalidArgument',
    status: 400,
    allowed: ({ aws }) => makeOriginAccessControl(aws, 'a'.repeat(64)),
    refused: ({ aws }) => makeOriginAccessControl(aws, 'a'.repeat(65)),
  },
  'origin-access-control-name-is-free': {
    error: 'OriginAccessControlAlreadyExists',
    status: 409,
    async allowed({ aws, other }) {
      const { id, etag } = await makeOriginAccessControl(aws, 'bucket');
      await makeOriginAccessControl(await other(), 'bucket');
      await aws.cloudFront.send(
        new UpdateOriginAccessControlCommand({
          Id: id,
          IfMatch: etag,
          OriginAccessControlConfig: {
            Name: 'bucket',
            SigningBehavior: 'always',
            SigningProtocol: 'sigv4',
            OriginAccessControlOriginType: 's3',
          },
        }),
      );
    },
    async refused({ aws }) {
      await makeOriginAccessControl(aws, 'bucket');
      await makeOriginAccessControl(aws, 'bucket');
    },
  },
  'origin-access-control-in-use': {
    error: 'OriginAccessControlInUse',
    status: 409,
    async allowed({ aws, front }) {
      front.state.timing.deployMillis = 0;
      const control = await makeOriginAccessControl(aws, 'bucket');
      const { id, etag } = await makeDistribution(aws, { Enabled: false, Origins: originsThrough(control.id) });
      await aws.cloudFront.send(new DeleteDistributionCommand({ Id: id, IfMatch: etag }));
      await aws.cloudFront.send(new DeleteOriginAccessControlCommand({ Id: control.id, IfMatch: control.etag }));
    },
    async refused({ aws }) {
      const { id, etag } = await makeOriginAccessControl(aws, 'bucket');
      await makeDistribution(aws, { Origins: originsThrough(id) });
      await aws.cloudFront.send(new DeleteOriginAccessControlCommand({ Id: id, IfMatch: etag }));
    },
  },
};
