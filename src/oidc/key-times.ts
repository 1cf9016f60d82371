import type { PublishedKey } from './jwks.ts';

/** What is noted of one key. Times are whole seconds. */
export type KeyTimes = Pick<PublishedKey, 'firstPublished' | 'missingSince' | 'wasInSource'>;

/**
 * The times of the keys of a set, in its order, as one text that S3 takes as metadata. Five characters say when a key was published
 * first. After them comes `.`, or `!` for a key that was never in a source of ours, or, in five more characters, since when the
 * key is missing. So 200 keys take at most 2,000 bytes of the 2 KB that S3 allows for names and values.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html
 */
export function encodeTimes(keys: readonly KeyTimes[]): string {
  return keys
    .map(({ firstPublished, missingSince, wasInSource }) => {
      if (!wasInSource) return `${encode(firstPublished)}!`;
      return encode(firstPublished) + (missingSince ? encode(missingSince) : '.');
    })
    .join('');
}

/** Undefined if the text does not hold the times of exactly so many keys. */
export function decodeTimes(text: string, count: number): readonly KeyTimes[] | undefined {
  const found = [...text.matchAll(/([\w-]{5})([\w-]{5}|[.!])/gy)];
  if (found.length !== count || found.map(([all]) => all).join('') !== text) return undefined;
  return found.map(([, first = '', rest = '']) => ({
    firstPublished: decode(first),
    missingSince: rest.length > 1 ? decode(rest) : undefined,
    wasInSource: rest !== '!',
  }));
}

/** In seconds since 1970: 2020-01-01. */
const epoch = 1_577_836_800;
/** 30 bits, which is five digits in base 64, last until 2054. Times after that count as the last, and those before 2020 as the first. */
const last = 2 ** 30 - 1;

function encode(date: Date): string {
  const bytes = Buffer.alloc(4);
  const time = Math.floor(date.getTime() / 1000) - epoch;
  bytes.writeUInt32BE(Math.min(Math.max(time, 0), last) * 4);
  return bytes.toString('base64url').slice(0, 5);
}

/** The two bits that five digits leave out are zero. */
function decode(digits: string): Date {
  return new Date((Buffer.from(`${digits}A`, 'base64url').readUInt32BE() / 4 + epoch) * 1000);
}
