import type { Certificate } from '../../../aws/certificates.ts';
import { isInUse as isInUseError } from '../../../aws/errors.ts';
import { reference } from '../../../aws/names.ts';
import { replacesKey, requestNumberKey, validationRecordKey } from '../../../aws/ownership.ts';
import { diffTags, hasChanges, type Tags } from '../../../aws/tags.ts';
import type { AcceptedSite, SiteContext } from '../context.ts';
import { isInUse, requestNumber } from './certificate-choice.ts';

/** What a new certificate stands in for. */
interface Replaced {
  /** The issued one, which serves until the new one is issued. */
  readonly predecessor?: Certificate;
  readonly failed: readonly Certificate[];
}

/**
 * Requests a certificate and returns its ARN. For an hour, ACM returns the same one for the same token, even if it does not list it
 * yet. Only what it replaces leads to another token.
 */
export async function request(
  { account, desired, object, site }: AcceptedSite,
  { predecessor, failed }: Replaced,
): Promise<string> {
  const replaced = [...(predecessor ? [predecessor] : []), ...failed];
  const arns = replaced.map(({ arn }) => arn).toSorted();
  const idempotencyToken = reference(object.metadata.uid, site.alias, arns.join(' '));
  const number = Math.max(0, ...failed.map(requestNumber)) + 1;
  const former = predecessor ?? failed.find(isInUse);
  const tags = {
    ...desired.tags,
    ...(number > 1 && { [requestNumberKey]: String(number) }),
    ...(former && { [replacesKey]: former.arn }),
    ...recordTag(replaced),
  };
  return account.certificates.request({ domain: site.alias, tags, idempotencyToken });
}

/** Of certificates that go: which record we made. ACM names the same one for their successor. */
function recordTag(replaced: readonly Certificate[]): Tags {
  const name = replaced.map(({ tags }) => tags[validationRecordKey]).find((each) => each !== undefined);
  return name === undefined ? {} : { [validationRecordKey]: name };
}

/** Lets a certificate that stays say which record we made, before others go that say so. */
export async function tellRecord(
  { account }: AcceptedSite,
  { arn, tags }: Certificate,
  others: readonly Certificate[],
): Promise<void> {
  const changes = diffTags(tags, { ...recordTag(others), ...tags });
  if (hasChanges(changes)) await account.certificates.tag(arn, changes);
}

/** Returns those that are left. */
export async function deleteUnused(
  context: AcceptedSite,
  certificates: readonly Certificate[],
): Promise<readonly Certificate[]> {
  const left: Certificate[] = [];
  for (const each of certificates) if (isInUse(each) || !(await deleted(context, each.arn))) left.push(each);
  return left;
}

/** False if ACM still counts it as in use. */
export async function deleted({ account }: SiteContext, arn: string): Promise<boolean> {
  try {
    await account.certificates.delete(arn);
    return true;
  } catch (error) {
    if (isInUseError(error)) return false;
    throw error;
  }
}
