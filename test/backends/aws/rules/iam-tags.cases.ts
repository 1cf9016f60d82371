import {
  CreateOpenIDConnectProviderCommand,
  TagOpenIDConnectProviderCommand,
  TagRoleCommand,
  UntagRoleCommand,
} from '@aws-sdk/client-iam';
import type { Clients } from '../clients.ts';
import type { Cases } from './case.ts';
import { makeRole } from './iam-samples.ts';

const tags = (count: number) => Array.from({ length: count }, (_, index) => ({ Key: `k${index}`, Value: '' }));

function tag({ iam }: Clients, Key: string) {
  return iam.send(new TagRoleCommand({ RoleName: 'reader', Tags: [{ Key, Value: '' }] }));
}

function makeProvider({ iam }: Clients, count: number) {
  const Url = 'https://irsa.example.com';
  return iam.send(new CreateOpenIDConnectProviderCommand({ Url, ClientIDList: ['sts'], Tags: tags(count) }));
}

function tagProvider({ iam }: Clients, Key: string) {
  const OpenIDConnectProviderArn = 'arn:aws:iam::123456789012:oidc-provider/irsa.example.com';
  return iam.send(new TagOpenIDConnectProviderCommand({ OpenIDConnectProviderArn, Tags: [{ Key, Value: '' }] }));
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
      await tag(aws, 'K2');
    },
    async refused({ aws }) {
      await makeRole(aws, { Tags: tags(49) });
      await tag(aws, 'the fiftieth');
      await tag(aws, 'one more');
    },
  },
  'provider-tags-count': {
    error: 'LimitExceededException',
    status: 409,
    async allowed({ aws }) {
      await makeProvider(aws, 50);
      await tagProvider(aws, 'k1');
    },
    async refused({ aws }) {
      await makeProvider(aws, 50);
      await tagProvider(aws, 'K1');
    },
    alsoRefused: { 'it in a creation': ({ aws }) => makeProvider(aws, 51) },
  },
};
