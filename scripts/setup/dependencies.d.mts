type Environment = Readonly<Record<string, string | undefined>>;

export function prepareDependencies(root: string, env?: Environment): Promise<void>;
