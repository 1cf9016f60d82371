import type { Rule } from '../rule.ts';
import { policySize } from '../services/iam.ts';
import { policyKey, roleKey } from '../services/iam-names.ts';
import { awsError } from '../errors.ts';
import { fits, iamApi, iamQuotas, misfit, tooMuch } from './iam-values.ts';

export const roleRules: readonly Rule[] = [
  {
    name: 'role-name',
    page: `${iamApi}/API_CreateRole.html`,
    operations: ['iam:CreateRole'],
    check: fits('RoleName', /^[\w+=,.@-]{1,64}$/),
  },
  {
    name: 'role-name-in-any-case',
    page: iamQuotas,
    operations: ['iam:CreateRole'],
    check(request, state) {
      const same = state.roles.get(roleKey(request));
      return same && awsError('EntityAlreadyExists', 409, `Role with name ${same.name} already exists.`);
    },
  },
  {
    name: 'policy-name-in-any-case',
    page: `${iamApi}/API_CreatePolicy.html`,
    operations: ['iam:CreatePolicy'],
    check({ accountID, form }, state) {
      const name = form.get('PolicyName') ?? '';
      const message = `A policy called ${name} already exists. Duplicate names are not allowed.`;
      return state.policies.has(policyKey(accountID, name)) ? awsError('EntityAlreadyExists', 409, message) : undefined;
    },
  },
  {
    name: 'role-path',
    page: `${iamApi}/API_CreateRole.html`,
    operations: ['iam:CreateRole'],
    check: fits('Path', /^(?=.{1,512}$)(\/|\/[\x21-\x7E]+\/)$/),
  },
  {
    name: 'role-description',
    page: `${iamApi}/API_CreateRole.html`,
    operations: ['iam:CreateRole', 'iam:UpdateRole'],
    check: fits('Description', /^[\t\n\r\x20-\x7E\xA1-\xFF]{0,1000}$/),
  },
  {
    name: 'role-session-duration',
    page: `${iamApi}/API_CreateRole.html`,
    operations: ['iam:CreateRole', 'iam:UpdateRole'],
    check({ form }) {
      const seconds = Number(form.get('MaxSessionDuration') ?? 3600);
      return seconds >= 3600 && seconds <= 43200 ? undefined : misfit('MaxSessionDuration');
    },
  },
  {
    name: 'role-boundary-exists',
    page: `${iamApi}/API_PutRolePermissionsBoundary.html`,
    operations: ['iam:CreateRole', 'iam:PutRolePermissionsBoundary'],
    async check({ form, accountID, region }, state) {
      const arn = form.get('PermissionsBoundary');
      if (arn === null) return undefined;
      const query = new URLSearchParams({ Action: 'GetPolicy', Version: '2010-05-08', PolicyArn: arn });
      const { status } = await state.emulator.read('iam', accountID, `/?${query.toString()}`, region);
      const message = `Scope ARN: ${arn} does not exist or is not attachable.`;
      return status === 200 ? undefined : awsError('NoSuchEntity', 404, message);
    },
  },
  {
    name: 'trust-policy-size',
    page: iamQuotas,
    operations: ['iam:CreateRole', 'iam:UpdateAssumeRolePolicy'],
    check({ form }) {
      const document = form.get('AssumeRolePolicyDocument') ?? form.get('PolicyDocument') ?? '';
      return policySize(document) > 2048 ? tooMuch('Cannot exceed quota for ACLSizePerRole: 2048') : undefined;
    },
  },
  {
    name: 'inline-policies-size',
    page: iamQuotas,
    operations: ['iam:PutRolePolicy'],
    check(request, state) {
      const role = state.roles.get(roleKey(request));
      const sizes = new Map(role?.inline);
      sizes.set(request.form.get('PolicyName') ?? '', policySize(request.form.get('PolicyDocument') ?? ''));
      const total = [...sizes.values()].reduce((sum, size) => sum + size, 0);
      return total > 10_240 ? tooMuch(`Maximum policy size of 10240 bytes exceeded for role ${role?.name}`) : undefined;
    },
  },
  {
    name: 'inline-policy-name',
    page: `${iamApi}/API_PutRolePolicy.html`,
    operations: ['iam:PutRolePolicy'],
    check: fits('PolicyName', /^[\w+=,.@-]{1,128}$/),
  },
  {
    name: 'managed-policies-count',
    page: iamQuotas,
    operations: ['iam:AttachRolePolicy'],
    check(request, state) {
      const attached = state.roles.get(roleKey(request))?.managed;
      if (!attached || attached.size < 10 || attached.has(request.form.get('PolicyArn') ?? '')) return undefined;
      return tooMuch('Cannot exceed quota for PoliciesPerRole: 10');
    },
  },
];
