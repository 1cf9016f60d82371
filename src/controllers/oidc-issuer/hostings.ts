import type { Step } from '../../runtime/step.ts';
import type { AcceptedSite, SiteContext } from './context.ts';
import { signingKeysStep } from './keys/signing-keys-step.ts';
import { podIdentityStep } from './pod-identity/pod-identity-step.ts';
import { providersStep } from './registrations/providers-step.ts';
import { verifiedStep } from './registrations/verified-step.ts';
import { bucketStep } from './site/bucket-step.ts';
import { certificateStep } from './site/certificate-step.ts';
import { distributionStep } from './site/distribution-step.ts';
import { dnsStep } from './site/dns-step.ts';
import { documentsStep } from './site/documents-step.ts';
import { readingStep } from './site/reading-step.ts';
import type { Hosting, Site } from './site/site.ts';

type Steps = readonly Step<AcceptedSite, SiteContext>[];

/** What stands behind a site. */
const hostings: Readonly<Record<Hosting | 'CloudFrontWithoutAlias', Steps>> = {
  CloudFront: [bucketStep, documentsStep, certificateStep, distributionStep, dnsStep],
  // The distribution gives the documents the URL that they name.
  CloudFrontWithoutAlias: [bucketStep, distributionStep, documentsStep],
  S3: [bucketStep, documentsStep],
  External: [],
};

/** The keys that all sites publish. */
export const keySteps: Steps = [signingKeysStep];

/** What stands in a bucket beside the one that the site's documents are served from. */
export const copySteps: Steps = [bucketStep, documentsStep, readingStep];

/**
 * Each step comes after those that it needs. The reverse never leaves a provider that trusts a name, a distribution or a bucket
 * that is no longer ours.
 */
export const stepsOf = ({ entry: { hosting }, hasAlias }: Site): Steps => [
  ...hostings[hosting === 'CloudFront' && !hasAlias ? 'CloudFrontWithoutAlias' : hosting],
  providersStep,
  verifiedStep,
];

/** Belongs to the cluster, and not to what stands behind a site. */
export const podIdentitySteps: Steps = [podIdentityStep];
