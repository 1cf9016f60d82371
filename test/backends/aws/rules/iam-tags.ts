import { awsError } from '../errors.ts';
import { members } from '../request.ts';
import type { Rule } from '../rule.ts';
import { roleKey } from '../services/iam-names.ts';
import { iamApi, iamQuotas, misfit, tooMuch } from './iam-values.ts';

const operations = ['iam:CreateRole', 'iam:TagRole', 'iam:CreateOpenIDConnectProvider', 'iam:TagOpenIDConnectProvider'];

export const iamTagRules: readonly Rule[] = [
  {
    name: 'tag-values',
    page: `${iamApi}/API_Tag.html`,
    operations,
    check({ form }) {
      const keys = members(form, 'Tags', 'Key');
      const wrongKey = keys.some((key) => !/^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/u.test(key));
      const wrongValue = members(form, 'Tags', 'Value').some(
        (value) => !/^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u.test(value),
      );
      return wrongKey || wrongValue ? misfit('Tags') : undefined;
    },
  },
  {
    name: 'tag-keys-of-aws',
    page: 'https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html',
    operations,
    check({ form }) {
      const reserved = members(form, 'Tags', 'Key').some((key) => key.toLowerCase().startsWith('aws:'));
      return reserved ? awsError('InvalidInput', 400, 'Tag keys that begin with aws: are reserved.') : undefined;
    },
  },
  {
    name: 'role-tags-count',
    page: iamQuotas,
    operations: ['iam:TagRole'],
    check(request, state) {
      const known = state.roles.get(roleKey(request))?.tagKeys ?? [];
      const keys = [...known, ...members(request.form, 'Tags', 'Key')].map((key) => key.toLowerCase());
      return new Set(keys).size > 50 ? tooMuch('Cannot exceed quota for TagsPerRole: 50') : undefined;
    },
  },
  {
    name: 'provider-tags-count',
    page: iamQuotas,
    operations: ['iam:CreateOpenIDConnectProvider', 'iam:TagOpenIDConnectProvider'],
    check({ form }, state) {
      const known = state.providers.get(form.get('OpenIDConnectProviderArn') ?? '')?.tags.keys() ?? [];
      const all = new Set([...known, ...members(form, 'Tags', 'Key')]);
      return all.size > 50 ? tooMuch('Cannot exceed quota for TagsPerOpenIdConnectProvider: 50') : undefined;
    },
  },
];
