import { validateIdentityPolicy, validateTrustPolicy } from '@cloud-copilot/iam-policy';
import { readPolicy } from '../policy.ts';
import type { Rule } from '../rule.ts';
import { fits, iamApi, malformed } from './iam-values.ts';

const grammar = 'https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html';

/** What the grammar finds wrong with a document, undefined where nothing. */
function problem(
  document: string,
  validate: (policy: unknown) => { path: string; message: string }[],
): string | undefined {
  if (!readPolicy(document)) return 'Syntax errors in policy.';
  const [error] = validate(JSON.parse(document));
  return error && `${error.path}: ${error.message}`;
}

function trustDocument({ form }: { form: URLSearchParams }): string {
  return form.get('AssumeRolePolicyDocument') ?? form.get('PolicyDocument') ?? '';
}

export const iamPolicyRules: readonly Rule[] = [
  {
    name: 'policy-characters',
    page: `${iamApi}/API_PutRolePolicy.html`,
    operations: ['iam:CreateRole', 'iam:UpdateAssumeRolePolicy', 'iam:PutRolePolicy', 'iam:CreatePolicy'],
    check(request) {
      const pattern = /^[\u0009\u000A\u000D\u0020-\u00FF]+$/;
      return fits('PolicyDocument', pattern)(request) ?? fits('AssumeRolePolicyDocument', pattern)(request);
    },
  },
  {
    name: 'trust-policy-grammar',
    page: grammar,
    operations: ['iam:CreateRole', 'iam:UpdateAssumeRolePolicy'],
    check(request) {
      const message = problem(trustDocument(request), validateTrustPolicy);
      return message === undefined ? undefined : malformed(message);
    },
  },
  {
    name: 'trust-policy-action',
    page: `${iamApi}/API_UpdateAssumeRolePolicy.html`,
    operations: ['iam:CreateRole', 'iam:UpdateAssumeRolePolicy'],
    check(request) {
      const actions = readPolicy(trustDocument(request))?.Statement.flatMap(({ Action }) => Action) ?? [];
      const foreign = actions.some((action) => !action.toLowerCase().startsWith('sts:'));
      return foreign ? malformed('AssumeRole policy may only specify STS AssumeRole actions.') : undefined;
    },
  },
  {
    // How IAM words this is not known; that a web identity's action goes with a federated principal alone, the guide says.
    name: 'trust-policy-principal',
    page: 'https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html',
    operations: ['iam:CreateRole', 'iam:UpdateAssumeRolePolicy'],
    check(request) {
      const statements = readPolicy(trustDocument(request))?.Statement ?? [];
      const misfits = statements.some(({ Principal, Action }) => {
        const federated = typeof Principal === 'object' && Principal !== null && 'Federated' in Principal;
        return !federated && Action.some((action) => /^sts:AssumeRoleWith/i.test(action));
      });
      return misfits ? malformed('Invalid action for the principal.') : undefined;
    },
  },
  {
    name: 'inline-policy-grammar',
    page: grammar,
    operations: ['iam:PutRolePolicy', 'iam:CreatePolicy'],
    check({ form }) {
      const document = form.get('PolicyDocument') ?? '';
      const message = problem(document, validateIdentityPolicy);
      const resources = readPolicy(document)?.Statement.flatMap(({ Resource }) => Resource) ?? [];
      const bare = resources.find((resource) => resource !== '*' && !/^arn:[^:]*:[^:]*:[^:]*:[^:]*:.+$/.test(resource));
      if (message !== undefined) return malformed(message);
      return bare === undefined ? undefined : malformed(`Resource ${bare} must be in ARN format or "*".`);
    },
  },
];
