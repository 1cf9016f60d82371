/** Something that is read once a pass, when it is first asked for. */
export interface Once<T> {
  (): Promise<T>;
  /** The next call reads again. */
  forget(): void;
}

export function once<T>(read: () => Promise<T>): Once<T> {
  let result: Promise<T> | undefined;
  const forget = () => {
    result = undefined;
  };
  return Object.assign(() => (result ??= read()), { forget });
}
