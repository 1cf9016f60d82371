import { awsError } from '../errors.ts';
import type { Rule } from '../rule.ts';
import { findOriginAccessControl } from '../services/origin-access-controls.ts';
import { text } from '../xml.ts';
import { wrongVersion } from './distributions.ts';

const api = 'https://docs.aws.amazon.com/cloudfront/latest/APIReference';

export const originAccessControlRules: readonly Rule[] = [
  {
    name: 'origin-access-control-version',
    page: `${api}/API_DeleteOriginAccessControl.html`,
    operations: ['cloudfront:UpdateOriginAccessControl', 'cloudfront:DeleteOriginAccessControl'],
    check: (request, state) => wrongVersion(request, findOriginAccessControl(request, state)),
  },
  {
    name: 'origin-access-control-name-length',
    page: `${api}/API_OriginAccessControlConfig.html`,
    operations: ['cloudfront:CreateOriginAccessControl', 'cloudfront:UpdateOriginAccessControl'],
    check({ xml }) {
      const { length } = text(xml, 'Name');
      if (length >= 1 && length <= 64) return undefined;
      return awsError('InvalidArgument', 400, 'The name of an origin access control has 1 to 64 characters.');
    },
  },
  {
    name: 'origin-access-control-name-is-free',
    page: `${api}/API_CreateOriginAccessControl.html`,
    operations: ['cloudfront:CreateOriginAccessControl', 'cloudfront:UpdateOriginAccessControl'],
    check({ xml, accountID, labels }, state) {
      const same = [...state.originAccessControls.values()].find(
        (other) => other.accountID === accountID && other.name === text(xml, 'Name') && other.id !== labels['id'],
      );
      const message = 'An origin access control with the same name already exists.';
      return same && awsError('OriginAccessControlAlreadyExists', 409, message);
    },
  },
  {
    name: 'origin-access-control-in-use',
    page: `${api}/API_DeleteOriginAccessControl.html`,
    operations: ['cloudfront:DeleteOriginAccessControl'],
    check(request, state) {
      const { id } = findOriginAccessControl(request, state);
      const user = [...state.distributions.values()].find(({ origins }) =>
        origins.some((origin) => origin.originAccessControlID === id),
      );
      return user && awsError('OriginAccessControlInUse', 409, 'The origin access control is used by a distribution.');
    },
  },
];
