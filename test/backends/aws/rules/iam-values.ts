import { awsError, type AwsError } from '../errors.ts';

export const iamApi = 'https://docs.aws.amazon.com/IAM/latest/APIReference';
export const iamQuotas = 'https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html';

/** How IAM refuses what does not fit the pattern or the limits of a parameter. */
export function misfit(parameter: string): AwsError {
  const name = parameter.charAt(0).toLowerCase() + parameter.slice(1);
  const message = `1 validation error detected: Value at '${name}' failed to satisfy constraint`;
  return awsError('ValidationError', 400, message);
}

/** A rule's check that a parameter, where it is sent, fits a pattern. */
export function fits(parameter: string, pattern: RegExp): (request: { form: URLSearchParams }) => AwsError | undefined {
  return ({ form }) => {
    const value = form.get(parameter);
    return value === null || pattern.test(value) ? undefined : misfit(parameter);
  };
}

export function tooMuch(message: string): AwsError {
  return awsError('LimitExceeded', 409, message);
}

export function malformed(message: string): AwsError {
  return awsError('MalformedPolicyDocument', 400, message);
}
