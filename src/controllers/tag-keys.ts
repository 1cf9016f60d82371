import type { Tags } from '../aws/tags.ts';

interface Status {
  tagKeys?: string[] | undefined;
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
