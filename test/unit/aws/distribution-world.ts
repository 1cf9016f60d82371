import type { Distributions, DistributionSpec } from '../../../src/aws/distributions.ts';
import type { OriginAccessControls } from '../../../src/aws/origin-access-controls.ts';
import type { FakeDistribution } from '../../fakes/aws/cloudfront.ts';
import { FakeAws } from '../../fakes/aws/index.ts';

export const alias = 'irsa.example.com';

/** An account in which all that a distribution needs is there. */
export async function distributionWorld(): Promise<{
  aws: FakeAws;
  distributions: Distributions;
  originAccessControls: OriginAccessControls;
  spec: DistributionSpec;
}> {
  const aws = new FakeAws();
  const { distributions, originAccessControls } = await aws.connect();
  const control = await originAccessControls.create('bucket');
  const spec = {
    callerReference: 'reference',
    named: { alias, certificateARN: await issuedCertificate(aws, alias) },
    originPath: '',
    originDomain: 'bucket.s3.eu-central-1.amazonaws.com',
    originAccessControlID: control.id,
    viewerRequestFunctionARN: undefined,
    comment: 'issuer of abcl0',
    tags: { owner: 'x' },
  };
  aws.forgetCalls();
  return { aws, distributions, originAccessControls, spec };
}

export async function issuedCertificate(
  aws: FakeAws,
  domain: string,
  idempotencyToken = domain.replaceAll('.', '_'),
): Promise<string> {
  const { certificates } = await aws.connect();
  const arn = await certificates.request({ domain, tags: {}, idempotencyToken });
  aws.account().certificates.get(arn)!.status = 'ISSUED';
  return arn;
}

export function onlyDistribution(aws: FakeAws): FakeDistribution {
  const [distribution, ...others] = aws.account().distributions.values();
  if (!distribution || others.length > 0) throw new Error(`there are ${others.length + 1} or no distributions`);
  return distribution;
}
