type Environment = Readonly<Record<string, string | undefined>>;

export function cacheDir(env?: Environment): string;
export function makeOnce(path: string, make: (unfinished: string) => Promise<void>): Promise<string>;
