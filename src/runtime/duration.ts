/** All durations are milliseconds. */
export const seconds = (count: number) => count * 1000;
export const minutes = (count: number) => seconds(count * 60);
export const hours = (count: number) => minutes(count * 60);

/** Up to a tenth more or less, so that many objects do not come back at the same moment. */
export const jittered = (milliseconds: number, random: () => number = Math.random) =>
  Math.round(milliseconds * (0.9 + 0.2 * random()));
