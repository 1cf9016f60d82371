import type { Tags } from '../aws/tags.ts';

interface Status {
  tagKeys?: string[] | undefined;
}

/** The CRDs' maxItems of status.tagKeys. */
const mostKeys = 200;

/**
 * What is wrong with tags that cannot be recorded beside those of former specs. While an object waits, tags of former specs may be
 * on AWS and nothing removes them.
 */
export function tooManyTagKeys({ tagKeys = [] }: Status, tags: Tags = {}): string | undefined {
  if (new Set([...tagKeys, ...Object.keys(tags)]).size <= mostKeys) return undefined;
  return (
    `spec.tags: the keys of former tags that may still be on AWS and those of the new tags are more than ${mostKeys}: take the last ` +
    'change of the tags back until status.tagKeys holds only the keys of spec.tags'
  );
}

/** Before tags are set: which ones may be on AWS from now on. */
export function recordTagKeys(status: Status, tags: Tags = {}): void {
  keep(status, [...(status.tagKeys ?? []), ...Object.keys(tags)]);
}

/** After all tags are as the spec says. */
export function forgetTagKeys(status: Status, tags: Tags = {}): void {
  keep(status, Object.keys(tags));
}

function keep(status: Status, keys: readonly string[]): void {
  if (keys.length > 0) status.tagKeys = [...new Set(keys)].toSorted();
  else delete status.tagKeys;
}
