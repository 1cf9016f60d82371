/** What is read once a pass, by the first who asks. */
export interface Once<T> {
  (): Promise<T>;
  /** The next who asks reads anew. */
  forget(): void;
}

export function once<T>(read: () => Promise<T>): Once<T> {
  let result: Promise<T> | undefined;
  const forget = () => {
    result = undefined;
  };
  return Object.assign(() => (result ??= read()), { forget });
}
