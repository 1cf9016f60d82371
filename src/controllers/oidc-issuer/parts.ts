import type { OIDCIssuer } from '../../api/kinds.ts';
import { isTrue } from '../../api/conditions.ts';
import type { Part } from '../../runtime/step.ts';
import type { AcceptedSite, IssuerPass, SiteContext } from './context.ts';
import type { DesiredIssuer } from './desired.ts';
import { podIdentitySteps, stepsOf } from './hostings.ts';
import { type SiteEntry, siteOf } from './site/site.ts';
import { siteContext } from './site/site-context.ts';

type Removed = Part<SiteContext, AcceptedSite, SiteContext>;

/** The sites that tokens are checked by, the current one first. They share the keys that its first step reads. */
export function servingParts(
  issuer: IssuerPass,
  desired: DesiredIssuer,
): readonly Part<AcceptedSite, AcceptedSite, SiteContext>[] {
  const source = { read: undefined };
  const which = { readsKeys: desired.signingKeys !== undefined, givesPodIdentity: givesPodIdentity(issuer.object) };
  return sitesOf(issuer, (entry) => entry.phase !== 'Retiring').map((entry) => {
    const site = siteOf(entry, issuer.object, issuer.account.id);
    // While the alias does not stand, somebody may just have made the zone that it needs, or a nearer one.
    const isNeeded = entry.distribution === undefined || !stands(issuer.object);
    const fresh = isNeeded && !(issuer.pass.isReturn && entry.certificate);
    const context = { ...siteContext(issuer, site, { fresh }), desired, source, seen: {} };
    return { steps: stepsOf(site, which), context, ...nameOf(entry) };
  });
}

/** Former sites that nobody needs any more, and what gave pods their credentials if the issuer says no more how they get them. */
export const departingParts = (issuer: IssuerPass): readonly Removed[] => [
  ...(givesPodIdentity(issuer.object) || issuer.status.podIdentity === undefined
    ? []
    : sitesOf(issuer, (entry) => entry.phase === 'Current').map((entry) => ({
        steps: podIdentitySteps,
        context: siteContext(issuer, siteOf(entry, issuer.object, issuer.account.id)),
      }))),
  ...sitesOf(issuer, (entry) => entry.phase === 'Retiring').map((entry) => removedPart(issuer, entry)),
];

const givesPodIdentity = ({ spec: { cluster } }: OIDCIssuer) => cluster !== undefined && cluster.podIdentity !== 'None';

/** All sites, the current one last. */
export const removedParts = (issuer: IssuerPass): readonly Removed[] =>
  sitesOf(issuer, () => true)
    .toReversed()
    .map((entry) => removedPart(issuer, entry));

/** A site is forgotten once nothing is left of it. */
function removedPart(issuer: IssuerPass, entry: SiteEntry): Removed {
  const site = siteOf(entry, issuer.object, issuer.account.id);
  const context = siteContext(issuer, site);
  const { status } = issuer;
  const removed = () => {
    status.sites = (status.sites ?? []).filter(({ url }) => url !== entry.url);
  };
  return { steps: stepsOf(site, { readsKeys: true, givesPodIdentity: true }), context, removed, ...nameOf(entry) };
}

const sitesOf = ({ status }: IssuerPass, chosen: (entry: SiteEntry) => boolean) => (status.sites ?? []).filter(chosen);

const nameOf = ({ phase, url }: SiteEntry) => (phase === 'Current' ? {} : { name: url });

const stands = ({ status }: OIDCIssuer) =>
  isTrue(status?.conditions ?? [], 'CertificateReady') && isTrue(status?.conditions ?? [], 'DNSReady');
