interface PatternOptions {
  readonly ignoreCase?: boolean;
}

/**
 * Whether a value fits a pattern in which * stands for any characters. Each part of the pattern takes the first place where it
 * fits, and no place is tried twice. So the time grows only with the length of the value, whatever users write.
 */
export function matches(pattern: string, value: string, { ignoreCase = false }: PatternOptions = {}): boolean {
  const fold = ignoreCase ? lowerASCII : (text: string) => text;
  const text = fold(value);
  const [first = '', ...parts] = fold(pattern).split('*');
  const last = parts.pop();
  if (last === undefined) return text === first;
  if (!text.startsWith(first)) return false;
  let end = first.length;
  for (const part of parts) {
    const found = text.indexOf(part, end);
    if (found < 0) return false;
    end = found + part.length;
  }
  return text.length - last.length >= end && text.endsWith(last);
}

/** Letters beyond ASCII stay as they are. Unicode folds the Kelvin sign to a k, and DNS and IAM do not. */
const lowerASCII = (text: string) => text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase());

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

/** Compares one character of each pattern. Either is undefined at the beginning. */
interface Comparison {
  /** Whether one of them stands for any number of the other's characters, including none. */
  readonly stretches: (a: string | undefined, b: string | undefined) => boolean;
  readonly pairs: (a: string, b: string) => boolean;
}

/**
 * Asks for each beginning of `first`, one character longer than the last, which beginnings of `second` fit it. So the time
 * grows with the product of the lengths, whatever users write.
 */
function compare(first: string, second: string, { stretches, pairs }: Comparison): boolean {
  const [as, bs] = [first.toLowerCase(), second.toLowerCase()];
  let before: boolean[] = [];
  for (let i = 0; i <= as.length; i++) {
    const fits: boolean[] = [];
    for (let j = 0; j <= bs.length; j++) {
      const [a, b] = [as[i - 1], bs[j - 1]];
      const isStart = i === 0 && j === 0;
      const grown = before[j] === true || fits[j - 1] === true;
      const paired = a !== undefined && b !== undefined && before[j - 1] === true && pairs(a, b);
      fits.push(isStart || paired || (grown && stretches(a, b)));
    }
    before = fits;
  }
  return before[bs.length] === true;
}
