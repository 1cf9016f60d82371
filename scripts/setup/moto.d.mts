type Environment = Readonly<Record<string, string | undefined>>;

export function givenEndpoint(env?: Environment): string | undefined;
export function requireMoto(endpoint: string): Promise<void>;
export function callMoto(method: string, url: string | URL): Promise<void>;
export function findPython(env?: Environment): Promise<string | undefined>;
export function prepareMoto(env?: Environment): Promise<void>;
