export type ProgramName = 'etcd' | 'kube-apiserver' | 'kube-controller-manager' | 'oldest kube-apiserver';
type Environment = Readonly<Record<string, string | undefined>>;

export function findProgram(name: ProgramName, env?: Environment): { path: string; source: string } | undefined;
export function programPath(name: ProgramName, env?: Environment): string;
export function prepareControlPlane(env?: Environment, options?: { readonly forDemo?: boolean }): Promise<void>;
