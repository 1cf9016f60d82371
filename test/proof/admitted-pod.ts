import { mintToken, type ProofInput } from './input.ts';

/** What the programs of a pod find in their environment and on their disk. */
export interface Found {
  readonly token: string;
  readonly roleARN: string;
  readonly region: string;
}

interface AdmittedPod {
  readonly metadata: { readonly name: string; readonly uid: string };
  readonly spec: {
    readonly containers: readonly {
      readonly env?: readonly { readonly name: string; readonly value?: string }[];
      readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
    }[];
    readonly volumes?: readonly {
      readonly name: string;
      readonly projected?: { readonly sources: readonly { readonly serviceAccountToken?: TokenProjection }[] };
    }[];
  };
}

interface TokenProjection {
  readonly audience: string;
  readonly expirationSeconds: number;
  readonly path: string;
}

/**
 * Makes a Pod object that says nothing of AWS, and reads what the API server admitted. The token is the one that its volume asks for,
 * got as the kubelet gets it: bound to the pod. No node runs the pod.
 */
export async function makePod(input: ProofInput): Promise<Found & { readonly text: string }> {
  const { namespace, name } = input.subject;
  const manifest = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { generateName: `${name}-`, namespace },
    spec: { serviceAccountName: name, containers: [{ name: 'app', image: 'app' }] },
  };
  const create = ['create', '-f', '-', '--output', 'json'];
  const pod = JSON.parse(await input.controlPlane.kubectl(create, JSON.stringify(manifest))) as AdmittedPod;
  const [{ env = [], volumeMounts = [] } = {}] = pod.spec.containers;
  const variable = (wanted: string) => {
    const value = env.find((each) => each.name === wanted)?.value;
    if (value === undefined) throw new Error(`the API server admitted a pod without ${wanted}`);
    return value;
  };
  const file = variable('AWS_WEB_IDENTITY_TOKEN_FILE');
  const projections = (pod.spec.volumes ?? []).flatMap((volume) => {
    const { mountPath } = volumeMounts.find((mount) => mount.name === volume.name) ?? {};
    const tokens = (volume.projected?.sources ?? []).flatMap(({ serviceAccountToken }) => serviceAccountToken ?? []);
    return tokens.filter(({ path }) => `${mountPath}/${path}` === file);
  });
  const [projection] = projections;
  if (!projection) throw new Error(`no volume of the pod holds ${file}`);
  const bound = [
    '--bound-object-kind',
    'Pod',
    '--bound-object-name',
    pod.metadata.name,
    '--bound-object-uid',
    pod.metadata.uid,
  ];
  const token = await mintToken(input, input.subject, projection.audience, [
    ...bound,
    '--duration',
    `${projection.expirationSeconds}s`,
  ]);
  const found = { token, roleARN: variable('AWS_ROLE_ARN'), region: variable('AWS_REGION') };
  const text = [
    `Pod ${namespace}/${pod.metadata.name}, admitted by the API server; its manifest says nothing of AWS`,
    `volume with a token for ${projection.audience}, ${projection.expirationSeconds} s`,
    ...env.filter((each) => each.name.startsWith('AWS_')).map((each) => `${each.name}=${each.value}`),
  ].join('\n');
  return { ...found, text };
}
