import type { AwsRequest, Reply } from '../request.ts';
import type { FrontState } from '../state.ts';
import { acm } from './acm.ts';
import { distributions } from './distributions.ts';
import { functions } from './functions.ts';
import { iam } from './iam.ts';
import { originAccessControls } from './origin-access-controls.ts';
import { route53 } from './route53.ts';
import { s3 } from './s3.ts';
import { sts } from './sts.ts';

/** Answers a call in moto's place, or together with it; throws AwsError to refuse it. */
export type Handler = (request: AwsRequest, state: FrontState) => Reply | Promise<Reply>;

/** By `service:Operation`. What is not here goes to moto as it is. */
export const services: Readonly<Record<string, Handler>> = {
  ...acm,
  ...distributions,
  ...functions,
  ...iam,
  ...originAccessControls,
  ...route53,
  ...s3,
  ...sts,
};
