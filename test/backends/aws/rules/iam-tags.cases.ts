import { TagRoleCommand, UntagRoleCommand } from '@aws-sdk/client-iam';
import type { Clients } from '../clients.ts';
import type { Cases } from './case.ts';
import { makeRole } from './iam-samples.ts';

const tags = (count: number) => Array.from({ length: count }, (_, index) => ({ Key: `k${index}`, Value: '' }));

function tag({ iam }: Clients, Key: string) {
  return iam.send(new TagRoleCommand({ RoleName: 'reader', Tags: [{ Key, Value: '' }] }));
}

export const iamTagCases: Cases = {
  'tag-values': {
    error: 'ValidationError',
    status: 400,
    allowed: ({ aws }) => makeRole(aws, { Tags: [{ Key: 'irsa.giantswarm.io/owner', Value: 'Kind/näme-space/x y' }] }),
    refused: ({ aws }) => makeRole(aws, { Tags: [{ Key: 'owner', Value: 'a;b' }] }),
    alsoRefused: {
      'such a key': ({ aws }) => makeRole(aws, { Tags: [{ Key: 'a;b', Value: '' }] }),
      'a key without a character': ({ aws }) => makeRole(aws, { Tags: [{ Key: '', Value: '' }] }),
    },
  },
  'tag-keys-of-aws': {
    error: 'InvalidInputException',
    status: 400,
    allowed: ({ aws }) => makeRole(aws, { Tags: [{ Key: 'awsome:key', Value: '' }] }),
    refused: ({ aws }) => makeRole(aws, { Tags: [{ Key: 'AWS:key', Value: '' }] }),
  },
  'role-tags-count': {
    error: 'LimitExceededException',
    status: 409,
    async allowed({ aws }) {
      await makeRole(aws, { Tags: tags(50) });
      await aws.iam.send(new UntagRoleCommand({ RoleName: 'reader', TagKeys: ['k0'] }));
      await tag(aws, 'one more');
      await tag(aws, 'k1');
    },
    async refused({ aws }) {
      await makeRole(aws, { Tags: tags(49) });
      await tag(aws, 'the fiftieth');
      await tag(aws, 'one more');
    },
  },
};
