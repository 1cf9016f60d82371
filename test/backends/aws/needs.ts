import type { AwsRequest } from './request.ts';
import { acmNeeds } from './needs/acm.ts';
import { cloudFrontNeeds } from './needs/cloudfront.ts';
import { iamNeeds } from './needs/iam.ts';
import { need, type Need, type Needs, type Read } from './needs/need.ts';
import { route53Needs } from './needs/route53.ts';
import { s3Needs } from './needs/s3.ts';
import type { FrontState } from './state.ts';

export type { Need } from './needs/need.ts';

/**
 * The permissions that a call needs; undefined where no table here knows the operation.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
 */
export async function needsOf(request: AwsRequest, state: FrontState): Promise<Need[] | undefined> {
  return needs[`${request.service}:${request.operation}`]?.(request, state);
}

/** Whether a table knows the operation, `service:Operation`. */
export const isKnown = (operation: string): boolean => operation in needs;

const assumeRole: Read = ({ form }) => {
  const externalID = form.get('ExternalId');
  const context = externalID === null ? {} : { 'sts:ExternalId': externalID };
  return [need('sts:AssumeRole', form.get('RoleArn') ?? '', context)];
};

const needs: Needs = {
  ...iamNeeds,
  ...s3Needs,
  ...cloudFrontNeeds,
  ...acmNeeds,
  ...route53Needs,
  'sts:AssumeRole': assumeRole,
  // Nobody needs a permission for it: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
  'sts:GetCallerIdentity': () => [],
};
