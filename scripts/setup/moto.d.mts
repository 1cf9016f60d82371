type Environment = Readonly<Record<string, string | undefined>>;

export function givenEndpoint(env?: Environment): string | undefined;
export function findPython(env?: Environment): Promise<string | undefined>;
export function prepareMoto(env?: Environment): Promise<void>;
