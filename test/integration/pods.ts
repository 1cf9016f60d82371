import type { ControlPlane } from '../backends/control-plane/control-plane.ts';

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string; readonly readOnly?: boolean }[];
  readonly restartPolicy?: string;
}

interface Token {
  readonly audience: string;
  readonly expirationSeconds: number;
  readonly path: string;
}

export interface PodSpec {
  readonly serviceAccountName?: string;
  readonly automountServiceAccountToken?: boolean;
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly volumes?: readonly {
    readonly name: string;
    readonly emptyDir?: object;
    readonly projected?: { readonly sources: readonly { readonly serviceAccountToken?: Token }[] };
  }[];
}

export interface PodManifest {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: PodSpec;
}

/** A container that asks for nothing of AWS, or has some variables of its own. */
export const container = (name = 'app', env: readonly string[] = []): Container => ({
  name,
  image: 'app',
  ...(env.length > 0 && { env: env.map((each) => ({ name: each, value: 'own' })) }),
});

type Wish = Partial<PodSpec> & Pick<PodManifest['metadata'], 'labels' | 'annotations'>;

/** Without the token for the API server itself, so that all that is there is the policy's. */
export function podOf(namespace: string, serviceAccountName: string, wish: Wish = {}): PodManifest {
  const { labels = {}, annotations = {}, ...spec } = wish;
  return {
    metadata: { name: 'pod', namespace, labels, annotations },
    spec: { serviceAccountName, automountServiceAccountToken: false, containers: [container()], ...spec },
  };
}

/** @param annotations without the prefix `eks.amazonaws.com/` */
export const serviceAccountOf = (
  namespace: string,
  name: string,
  annotations: Readonly<Record<string, string>>,
  labels: Readonly<Record<string, string>> = { 'irsa.giantswarm.io/pod-identity': 'true' },
) => ({
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: {
    name,
    namespace,
    labels,
    annotations: Object.fromEntries(
      Object.entries(annotations).map(([key, value]) => [`eks.amazonaws.com/${key}`, value]),
    ),
  },
});

/** What the API server makes of a pod. None is kept, unless `isKept`. */
export function admit(
  { first }: ControlPlane,
  pod: PodManifest,
  { isKept = false }: { readonly isKept?: boolean } = {},
): Promise<PodManifest> {
  const path = `/api/v1/namespaces/${pod.metadata.namespace}/pods${isKept ? '' : '?dryRun=All'}`;
  return first.post<PodManifest>(path, { apiVersion: 'v1', kind: 'Pod', ...pod });
}

/** The variables of a container, in their order. */
export const envOf = ({ env = [] }: Container) => Object.fromEntries(env.map(({ name, value }) => [name, value]));

export const tokenVolumeOf = ({ volumes = [] }: PodSpec): Token | undefined =>
  volumes.find(({ name }) => name === 'aws-iam-token')?.projected?.sources[0]?.serviceAccountToken;
