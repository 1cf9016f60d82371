import type { Cases } from './case.ts';
import { makeRole } from './iam-samples.ts';

export const iamTagCases: Cases = {
  'tag-values': {
    error: 'ValidationError',
    status: 400,
    allowed: ({ aws }) => makeRole(aws, { Tags: [{ Key: 'irsa.giantswarm.io/owner', Value: 'Kind/näme-space/x y' }] }),
    refused: ({ aws }) => makeRole(aws, { Tags: [{ Key: 'owner', Value: 'a;b' }] }),
  },
  'tag-keys-of-aws': {
    error: 'InvalidInputException',
    status: 400,
    allowed: ({ aws }) => makeRole(aws, { Tags: [{ Key: 'awsome:key', Value: '' }] }),
    refused: ({ aws }) => makeRole(aws, { Tags: [{ Key: 'AWS:key', Value: '' }] }),
  },
};
