import {
  CreateFunctionCommand,
  DeleteFunctionCommand,
  GetFunctionCommand,
  PublishFunctionCommand,
  UpdateFunctionCommand,
} from '@aws-sdk/client-cloudfront';
import type { Clients } from '../clients.ts';
import type { Cases } from './case.ts';
import { associated, functionContent, makeFunction } from './function-samples.ts';
import { makeDistribution } from './samples.ts';

const publish = ({ cloudFront }: Clients, Name: string, IfMatch: string | undefined) =>
  cloudFront.send(new PublishFunctionCommand({ Name, IfMatch }));

export const functionCases: Cases = {
  'function-name': {
    error: 'InvalidArgument',
    status: 400,
    allowed: ({ aws }) => makeFunction(aws, `irsa_a-b_${'0'.repeat(55)}`),
    refused: ({ aws }) => makeFunction(aws, 'irsa.example.com'),
    alsoRefused: { 'a name of 65 characters': ({ aws }) => makeFunction(aws, 'a'.repeat(65)) },
  },
  'function-name-is-free': {
    error: 'FunctionAlreadyExists',
    status: 409,
    async allowed({ aws, other }) {
      await makeFunction(aws, 'one');
      await makeFunction(aws, 'two');
      await makeFunction(await other(), 'one');
    },
    async refused({ aws }) {
      await makeFunction(aws, 'one');
      await makeFunction(aws, 'one');
    },
  },
  'function-code-size': {
    error: 'FunctionSizeLimitExceeded',
    status: 413,
    allowed: ({ aws }) => makeFunction(aws, 'one', ' '.repeat(10_240)),
    refused: ({ aws }) => makeFunction(aws, 'one', ' '.repeat(10_241)),
  },
  'function-version': {
    error: 'PreconditionFailed',
    status: 412,
    async allowed({ aws }) {
      const { etag } = await makeFunction(aws, 'one');
      await publish(aws, 'one', etag);
      const content = functionContent('// other');
      const updated = await aws.cloudFront.send(new UpdateFunctionCommand({ Name: 'one', IfMatch: etag, ...content }));
      await aws.cloudFront.send(new DeleteFunctionCommand({ Name: 'one', IfMatch: updated.ETag }));
    },
    async refused({ aws }) {
      await publish(aws, 'one', (await makeFunction(aws, 'one')).etag);
      const { ETag: ofLive } = await aws.cloudFront.send(new GetFunctionCommand({ Name: 'one', Stage: 'LIVE' }));
      await publish(aws, 'one', ofLive);
    },
  },
  'function-in-use': {
    error: 'FunctionInUse',
    status: 409,
    async allowed({ aws }) {
      const { etag } = await makeFunction(aws, 'one');
      await publish(aws, 'one', etag);
      await aws.cloudFront.send(new DeleteFunctionCommand({ Name: 'one', IfMatch: etag }));
    },
    async refused({ aws }) {
      const { etag, arn } = await makeFunction(aws, 'one');
      await publish(aws, 'one', etag);
      await makeDistribution(aws, associated(arn));
      await aws.cloudFront.send(new DeleteFunctionCommand({ Name: 'one', IfMatch: etag }));
    },
  },
  'distribution-function-is-live': {
    error: 'InvalidFunctionAssociation',
    status: 400,
    async allowed({ aws }) {
      const { etag, arn } = await makeFunction(aws, 'one');
      await publish(aws, 'one', etag);
      await makeDistribution(aws, associated(arn));
    },
    async refused({ aws }) {
      const { arn } = await makeFunction(aws, 'one');
      await makeDistribution(aws, associated(arn));
    },
    alsoRefused: {
      'a function that does not exist': async ({ aws }) => {
        await aws.cloudFront.send(new CreateFunctionCommand({ Name: 'one', ...functionContent('// code') }));
        await makeDistribution(aws, associated('arn:aws:cloudfront::123456789012:function/two'));
      },
    },
  },
};
