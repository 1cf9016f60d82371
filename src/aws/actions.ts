import type { $Command } from '@aws-sdk/client-iam';

/** Operations whose IAM action has another name. https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html */
const renamed: Readonly<Record<string, string>> = {
  's3:GetPublicAccessBlock': 's3:GetBucketPublicAccessBlock',
  's3:PutPublicAccessBlock': 's3:PutBucketPublicAccessBlock',
  'cloudfront:CreateDistributionWithTags': 'cloudfront:CreateDistribution',
};

/** The IAM action that a command needs, such as `iam:CreateRole`. It comes from the schema, because class names do not survive minifying. */
export function actionOf(command: Pick<$Command<object, never, unknown>, 'schema'>): string {
  const { schema } = command;
  if (!Array.isArray(schema)) return 'unknown';
  const [, namespace, operation] = schema;
  const action = `${String(namespace).replace('com.amazonaws.', '')}:${String(operation)}`;
  return renamed[action] ?? action;
}

/** Whether the action changes nothing. */
export const isRead = (action: string): boolean => /^\w+:(Get|List|Describe|Head|AssumeRole)/.test(action);
