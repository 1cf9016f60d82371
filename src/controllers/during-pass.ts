import type { Pass } from '../runtime/definition.ts';
import type { KubeClient } from '../runtime/kube-client.ts';
import type { Secrets } from '../runtime/secrets.ts';

/** What steps work with, with clients of the management cluster whose calls end with the pass. */
export const duringPass = <S extends { readonly kube: KubeClient; readonly secrets: Secrets }>(
  services: S,
  { signal }: Pass,
): S => ({ ...services, kube: services.kube.during(signal), secrets: services.secrets.during(signal) });
