interface PatternOptions {
  readonly ignoreCase?: boolean;
}

/** Whether a value fits a pattern in which * stands for any characters. */
export function matches(pattern: string, value: string, { ignoreCase = false }: PatternOptions = {}): boolean {
  const parts = pattern.split('*').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
  return new RegExp(`^${parts.join('[^]*')}$`, ignoreCase ? 'i' : '').test(value);
}

export function matchesAny(patterns: readonly string[] = [], value: string, options?: PatternOptions): boolean {
  return patterns.some((pattern) => matches(pattern, value, options));
}

/** Whether some action fits both patterns, in which * stands for any characters and ? for one, whatever the case. */
export function overlap(first: string, second: string): boolean {
  return compare(first, second, {
    stretches: (a, b) => a === '*' || b === '*',
    pairs: (a, b) => a === b || a === '?' || b === '?',
  });
}

/** Whether each action that fits `inner` fits `outer` too. */
export function covers(outer: string, inner: string): boolean {
  return compare(outer, inner, {
    stretches: (a) => a === '*',
    pairs: (a, b) => a === b || (a === '?' && b !== '*'),
  });
}

/** Of one character of each pattern, either of which is undefined at the beginning. */
interface Comparison {
  /** One stands for any number of the other's characters, also for none. */
  readonly stretches: (a: string | undefined, b: string | undefined) => boolean;
  readonly pairs: (a: string, b: string) => boolean;
}

/** A table of which beginnings of both fit: its time grows with the product of the lengths, whatever users write. */
function compare(first: string, second: string, { stretches, pairs }: Comparison): boolean {
  const [as, bs] = [first.toLowerCase(), second.toLowerCase()];
  const fits = new Set(['0 0']);
  for (let i = 0; i <= as.length; i++) {
    for (let j = 0; j <= bs.length; j++) {
      const [a, b] = [as[i - 1], bs[j - 1]];
      const grown = fits.has(`${i - 1} ${j}`) || fits.has(`${i} ${j - 1}`);
      const paired = a !== undefined && b !== undefined && pairs(a, b) && fits.has(`${i - 1} ${j - 1}`);
      if (paired || (grown && stretches(a, b))) fits.add(`${i} ${j}`);
    }
  }
  return fits.has(`${as.length} ${bs.length}`);
}
