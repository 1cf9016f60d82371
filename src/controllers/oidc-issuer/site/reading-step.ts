import type { Step } from '../../../runtime/step.ts';
import type { AcceptedSite, SiteContext } from '../context.ts';
import { removeOriginAccessControl } from './origin-access-control.ts';
import { ensureReaders } from './readers.ts';

/** Lets the distribution read a bucket beside the present one: the next one, or a former one that some edges may still read. */
export const readingStep: Step<AcceptedSite, SiteContext> = {
  condition: 'DistributionReady',
  needs: ['BucketReady', 'DocumentsPublished'],

  async reconcile(context) {
    const { seen, services, site } = context;
    const { documents, distribution } = services.settings.intervals;
    if (seen.bucket) await ensureReaders(context);
    const { nextBucket } = site.entry;
    const isNext = site.bucket.entry === nextBucket;
    if (isNext) nextBucket.filled = true;
    return {
      state: 'waiting',
      reason: 'DistributionDeploying',
      message: isNext
        ? 'it holds the documents, and the distribution turns to it at the next look'
        : 'CloudFront may still read it at some edges',
      requeueAfter: isNext ? documents : distribution,
    };
  },

  /** Nothing reads the bucket any more. */
  async remove(context) {
    const { object, services, site } = context;
    const { bucket, entry } = site;
    const isLeft = object.metadata.deletionTimestamp === undefined && entry.phase !== 'Retiring';
    // The distribution was looked at in this pass, after the status said that it is deployed.
    if (isLeft && bucket.entry.owned && entry.distribution?.state !== 'Deployed') {
      const requeueAfter = services.settings.intervals.distribution;
      return {
        state: 'waiting',
        reason: 'DistributionDeploying',
        message: 'CloudFront may still read it at some edges',
        requeueAfter,
      };
    }
    return removeOriginAccessControl(context);
  },
};
