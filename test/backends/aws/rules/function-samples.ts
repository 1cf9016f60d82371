import { CreateFunctionCommand, type DistributionConfig } from '@aws-sdk/client-cloudfront';
import type { Clients } from '../clients.ts';
import { distributionConfig, type Made } from './samples.ts';

export const functionContent = (code: string) => ({
  FunctionConfig: { Comment: '', Runtime: 'cloudfront-js-2.0' as const },
  FunctionCode: new TextEncoder().encode(code),
});

/** It is not published yet. */
export async function makeFunction(
  { cloudFront }: Clients,
  Name: string,
  code = 'function handler(event) { return event.request; }',
): Promise<Made> {
  const made = await cloudFront.send(new CreateFunctionCommand({ Name, ...functionContent(code) }));
  const arn = made.FunctionSummary?.FunctionMetadata?.FunctionARN ?? '';
  return { id: Name, etag: made.ETag ?? '', arn };
}

/** That function sees each request first. */
export function associated(FunctionARN: string): Partial<DistributionConfig> {
  const { DefaultCacheBehavior } = distributionConfig();
  const FunctionAssociations = { Quantity: 1, Items: [{ EventType: 'viewer-request' as const, FunctionARN }] };
  return DefaultCacheBehavior ? { DefaultCacheBehavior: { ...DefaultCacheBehavior, FunctionAssociations } } : {};
}
