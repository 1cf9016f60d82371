import type { Rule } from '../rule.ts';
import { acmRules } from './acm.ts';
import { distributionConfigRules } from './distribution-configs.ts';
import { distributionRules } from './distributions.ts';
import { functionRules } from './functions.ts';
import { iamTagRules } from './iam-tags.ts';
import { originAccessControlRules } from './origin-access-controls.ts';
import { iamPolicyRules } from './iam-policies.ts';
import { providerRules } from './providers.ts';
import { roleRules } from './roles.ts';
import { route53Rules } from './route53.ts';
import { bucketPolicyRules } from './bucket-policies.ts';
import { bucketRules } from './buckets.ts';

/** Every rule. Where a call breaks several, the first one refuses it. */
export const rules: readonly Rule[] = [
  ...acmRules,
  ...bucketRules,
  ...bucketPolicyRules,
  ...distributionRules,
  ...distributionConfigRules,
  ...functionRules,
  ...originAccessControlRules,
  ...providerRules,
  ...roleRules,
  ...iamPolicyRules,
  ...iamTagRules,
  ...route53Rules,
];
