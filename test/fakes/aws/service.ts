/** An error as the SDK throws it: the code as name, with `Exception` behind it where the SDK has a class for it. */
export class ServiceError extends Error {
  readonly $fault: 'client' | 'server';
  readonly $metadata: { httpStatusCode: number; requestId: string };

  constructor(
    override readonly name: string,
    httpStatusCode: number,
    message = name,
  ) {
    super(message);
    this.$fault = httpStatusCode < 500 ? 'client' : 'server';
    this.$metadata = { httpStatusCode, requestId: 'fake' };
  }
}

export type TagList = readonly { Key?: string | undefined; Value?: string | undefined }[] | undefined;

export function tagRecord(tags: TagList): Record<string, string> {
  return Object.fromEntries((tags ?? []).map(({ Key, Value }) => [Key ?? '', Value ?? '']));
}

export function tagList(tags: Readonly<Record<string, string>>): { Key: string; Value: string }[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}

/** One page of a listing and the key of the next, which is the last one given. */
export function page<T>(all: readonly T[], keyOf: (item: T) => string, after: string | undefined, size: number) {
  const start = after === undefined ? 0 : all.findIndex((item) => keyOf(item) === after) + 1;
  const items = all.slice(start, start + size);
  const last = items.at(-1);
  const next = last !== undefined && start + size < all.length ? keyOf(last) : undefined;
  return { items, next };
}

/** As over the wire: nobody shares an object, and what is undefined is not there. */
export function copy<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}
