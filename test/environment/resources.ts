import type { ControlPlane } from '../backends/control-plane/control-plane.ts';

/** The kinds that tests read again and again, by the names that they give kubectl. */
const groups: Readonly<Record<string, string>> = {
  oidcissuer: 'apis/irsa.giantswarm.io/v1alpha1',
  iamserviceaccount: 'apis/irsa.giantswarm.io/v1alpha1',
  awscluster: 'apis/infrastructure.giantswarm.io/v1alpha3',
  configmap: 'api/v1',
  serviceaccount: 'api/v1',
  event: 'apis/events.k8s.io/v1',
};

/** Gives an object as the API server has it; without a name, the list of all in the namespace. */
export async function readResource<Resource>(
  controlPlane: ControlPlane,
  { kind, namespace, name }: { readonly kind: string; readonly namespace: string; readonly name?: string },
): Promise<Resource | undefined> {
  const group = groups[kind.toLowerCase()];
  if (!group) throw new Error(`${kind} is none of the kinds that tests read`);
  const collection = `/${group}/namespaces/${namespace}/${kind.toLowerCase()}s`;
  const json = await controlPlane.read(name === undefined ? collection : `${collection}/${name}`);
  return json === undefined ? undefined : (JSON.parse(json) as Resource);
}
