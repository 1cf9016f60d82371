/** All durations are milliseconds. */
export const seconds = (count: number) => count * 1000;
export const minutes = (count: number) => seconds(count * 60);
export const hours = (count: number) => minutes(count * 60);

const units: Readonly<Record<string, number>> = { ms: 1, s: seconds(1), m: minutes(1), h: hours(1) };

/** The milliseconds of a Go duration as the CRDs take it, such as `1h30m`. */
export function parseDuration(text: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s)/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== text) throw new Error(`${text} is not a duration`);
  return parts.reduce((sum, [, count, unit = '']) => sum + Number(count) * (units[unit] ?? NaN), 0);
}

/** Adds or takes up to a tenth, so that many objects do not come back at the same moment. */
export const jittered = (milliseconds: number, random: () => number = Math.random) =>
  Math.round(milliseconds * (0.9 + 0.2 * random()));
