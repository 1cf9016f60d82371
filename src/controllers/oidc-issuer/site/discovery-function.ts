import type { Distribution } from '../../../aws/distributions.ts';
import { isAlreadyExists, isInUse } from '../../../aws/errors.ts';
import type { EdgeFunctionSpec } from '../../../aws/functions.ts';
import { functionName } from '../../../aws/names.ts';
import { ownershipKeys } from '../../../aws/ownership.ts';
import { discoveryFunction } from '../../../oidc/discovery-function.ts';
import { issuerURL } from '../../../oidc/issuer-url.ts';
import { type Outcome, ready } from '../../../runtime/step.ts';
import { clusterNameOf } from '../../issuer-contract.ts';
import { TerminalError } from '../../explain.ts';
import { leftAlone } from '../../ownership.ts';
import type { AcceptedSite, SiteContext } from '../context.ts';
import { commentOf } from '../desired.ts';
import { look } from '../registrations/look.ts';
import { servedURLs } from './site.ts';

/*
 * Where the distribution's own URL is registered beside the alias, a CloudFront Function answers there with a discovery document that
 * names that URL: the document in the bucket names the alias. A function that is recorded is ours, and so is one that our
 * distribution uses. Any other with its name is ours only if it has our code, as after a crash.
 */

/**
 * Gives the ARN of the site's function, published with our code. Undefined if the site needs none.
 * @param known the distribution as it stands, if there is one
 */
export async function ensureDiscoveryFunction(
  context: AcceptedSite,
  known: Distribution | undefined,
): Promise<string | undefined> {
  const { account, site } = context;
  if (!site.hasAlias) return undefined;
  const { edgeFunctions } = account;
  const spec = specOf(context);
  const arn = edgeFunctions.arn(spec.name);
  const isUsed = known?.viewerRequestFunctionARN === arn;
  if (isUsed) site.entry.function = spec.name;
  if (!isWanted(context, known)) return undefined;
  if (isUsed && (await isProven(context))) return arn;
  const isRecorded = site.entry.function === spec.name;
  const found = isRecorded ? await edgeFunctions.repair(spec) : 'absent';
  if (found === 'repaired') tellRepaired(context, spec);
  if (found === 'absent') await create(context, spec);
  site.entry.function = spec.name;
  return arn;
}

/** Deletes the function that the site needs no more, once no edge runs it. */
export async function dropDiscoveryFunction(context: AcceptedSite): Promise<Outcome> {
  const { account, site } = context;
  if (site.entry.function === undefined) return ready;
  const name = nameOf(context);
  try {
    await account.edgeFunctions.delete(name);
    delete site.entry.function;
    return ready;
  } catch (error) {
    if (!isInUse(error)) throw error;
    return {
      state: 'ready',
      message: `CloudFront function ${name} is not needed and in use: it is deleted at a later look`,
    };
  }
}

/** Comes after the distribution. The status may be a copy, so it proves nothing by itself. */
export async function removeDiscoveryFunction(context: SiteContext): Promise<Outcome> {
  const { account, services, site, pass } = context;
  if (!site.hasAlias) return ready;
  const name = nameOf(context);
  const code = await account.edgeFunctions.findCode(name);
  if (code === undefined) return ready;
  const isParentOurs = (await context.ownDomain()) !== undefined || (await context.ownBucket()) !== undefined;
  if (!isParentOurs || (site.entry.function !== name && code !== discoveryFunction())) {
    leftAlone(pass, `CloudFront function ${name}`);
    return ready;
  }
  try {
    await account.edgeFunctions.delete(name);
    return ready;
  } catch (error) {
    if (!isInUse(error)) throw error;
    const message = `CloudFront still counts function ${name} as in use`;
    const requeueAfter = services.settings.intervals.distribution;
    return { state: 'waiting', reason: 'InUse', message, requeueAfter };
  }
}

const nameOf = ({ services, object, site }: SiteContext): string =>
  functionName({ installation: services.settings.installation, ...object.metadata }, site.alias);

function specOf(context: SiteContext): EdgeFunctionSpec {
  const { object, owner } = context;
  return {
    name: nameOf(context),
    code: discoveryFunction(),
    comment: commentOf(object),
    // For people, and for IAM. Nothing reads them, so the home is not among them, which changes when the issuer moves.
    tags: {
      [ownershipKeys.installation]: owner.installation,
      [ownershipKeys.cluster]: clusterNameOf(object),
      [ownershipKeys.owner]: owner.owner,
    },
  };
}

/** Also while only roles that still trust it keep the distribution's own URL registered. */
function isWanted({ desired, status }: AcceptedSite, known: Distribution | undefined): boolean {
  if (desired.keepDistributionProvider) return true;
  const own = known && issuerURL(known.domainName);
  return (status.providers ?? []).some(({ url }) => url === own);
}

/**
 * Whether the code need not be read: what is served under both URLs is right, or CloudFront was still rolling out a change at the
 * last look. A plan reads it, because it asks for no documents that its own changes would mend.
 */
async function isProven(context: AcceptedSite): Promise<boolean> {
  const { site, services, pass } = context;
  if (site.entry.distribution?.state === 'InProgress') return true;
  if (pass.plan || services.settings.issuerCheck.mode === 'Skip') return false;
  for (const url of servedURLs(site.entry)) if ((await look(context, url)).state !== 'ours') return false;
  return true;
}

/** Creates first. One that turns out to be there is made right if it is ours. */
async function create(context: AcceptedSite, spec: EdgeFunctionSpec): Promise<void> {
  const { edgeFunctions } = context.account;
  const { name } = spec;
  try {
    await edgeFunctions.create(spec);
  } catch (error) {
    const code = isAlreadyExists(error) ? await edgeFunctions.findCode(name) : undefined;
    if (code === undefined) throw error;
    if (code !== spec.code) {
      const message = `CloudFront function ${name} exists with code of somebody else, and the distribution does not use it: it is left alone: delete it`;
      throw new TerminalError('NotOwned', message, { cause: error });
    }
    await edgeFunctions.repair(spec);
  }
}

function tellRepaired({ pass }: AcceptedSite, { name }: EdgeFunctionSpec): void {
  pass.event('Normal', 'DistributionRepaired', `CloudFront function ${name}: its code was put right and published`);
}
