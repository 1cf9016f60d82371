import type { AcceptedSite } from '../context.ts';
import type { Looked } from './look.ts';

/** Says what the cause may be. */
export function hint({ site }: AcceptedSite, url: string, answer: Looked['answer']): string {
  if (answer === undefined) return '';
  // Only the alias is a record of ours, and it is on all of Route 53's servers by now. AWS serves its own names.
  if (answer === 'unresolved' && !(site.hasAlias && url === site.url)) return '';
  if (answer === 'refused' || answer === 'unauthorized') return site.entry.hosting === 'S3' ? hints[answer] : '';
  return hints[answer];
}

const hints: Readonly<Record<NonNullable<Looked['answer']>, string>> = {
  unresolved:
    ': Route 53 serves the record, so the operator probably sees another zone of the name (split horizon): ' +
    "set issuerCheck.nameservers in the operator's configuration, or issuerCheck.mode: Skip, which leaves the look to IAM",
  noResolver:
    ": the operator's name servers fail or do not answer: mend them, or set issuerCheck.nameservers or issuerCheck.mode: Skip " +
    'in its configuration',
  refused:
    ': S3 lets nobody in: Block Public Access of the account or the organization, or a policy of the organization, may forbid ' +
    'public buckets, which hosting.s3 needs',
  unauthorized:
    ': S3 asks who it is: in China, an account without ICP recordal may serve nothing to the public, so have AWS China enable it ' +
    'for the account',
  none:
    ': if the operator has no way out, set HTTPS_PROXY, or issuerCheck.mode: Skip in its configuration, which leaves the ' +
    'look to IAM',
};

/** The wait until the documents are served as they were written. */
export const notServed = ({ services }: AcceptedSite, message: string) =>
  ({
    state: 'waiting',
    reason: 'DocumentsNotServed',
    message,
    requeueAfter: services.settings.intervals.documents,
    toldWhenLate: true,
  }) as const;
