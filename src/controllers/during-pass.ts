import type { Pass } from '../runtime/definition.ts';
import type { KubeClient } from '../runtime/kube-client.ts';
import { PlannedKubeClient } from '../runtime/planned-kube-client.ts';
import type { Secrets } from '../runtime/secrets.ts';

/** What steps work with, with clients of the management cluster whose calls end with the pass. */
export const duringPass = <S extends { readonly kube: KubeClient; readonly secrets: Secrets }>(
  services: S,
  pass: Pass,
): S => ({ ...services, kube: clientDuring(services.kube, pass), secrets: services.secrets.during(pass.signal) });

/** @param place what tells another server from the operator's own, in a plan: ` of cluster x` */
export function clientDuring(client: KubeClient, { signal, plan }: Pass, place = ''): KubeClient {
  const bound = client.during(signal);
  return plan ? new PlannedKubeClient(bound, plan, place) : bound;
}
