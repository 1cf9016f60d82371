type Environment = Readonly<Record<string, string | undefined>>;

export function requireTools(env?: Environment): Promise<void>;
