type Environment = Readonly<Record<string, string | undefined>>;

export function requireKubectl(env?: Environment): Promise<void>;
