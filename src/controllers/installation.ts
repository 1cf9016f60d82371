import type { IAMServiceAccount } from '../api/kinds.ts';
import type { KubernetesObject } from '../api/meta.ts';
import { configMaps, iamServiceAccounts, namespaces, type NamespacedName } from '../api/resources.ts';
import { roleName } from '../aws/names.ts';
import type { KubeClient } from '../runtime/kube-client.ts';
import { isAlreadyExists, isNotFound, isNotServed } from '../runtime/kube-error.ts';

const installationConfigMap = 'irsa-operator-installation';

/** The configured installation is not that of everything that the operator made. */
export class InstallationChanged extends Error {
  override readonly name = 'InstallationChanged';
}

/** The home of this operator: the UID of namespace kube-system, which stays as long as the cluster does. */
export async function findHome(kube: KubeClient): Promise<string> {
  const found = await kube.find<KubernetesObject>(namespaces, { namespace: '', name: 'kube-system' });
  if (!found) throw new Error('the cluster has no namespace kube-system, and its UID tells clusters apart');
  return found.metadata.uid;
}

/**
 * Records the installation at the first start. It is part of names and tags: another one at a later start would make every role
 * again and leave the old ones behind.
 * @throws InstallationChanged if another one is recorded, or made the roles of the objects that are there
 */
export async function keepInstallation(kube: KubeClient, namespace: string, installation: string): Promise<void> {
  const ref = { namespace, name: installationConfigMap };
  const written = await findInstallation(kube, ref);
  if (written === undefined) {
    await refuseOthersRoles(kube, installation);
    try {
      await kube.create(configMaps, { metadata: ref, immutable: true, data: { installation } });
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      return keepInstallation(kube, namespace, installation);
    }
  } else if (written !== installation) throw new InstallationChanged(changed(ref, written, installation));
}

async function findInstallation(kube: KubeClient, ref: NamespacedName): Promise<string | undefined> {
  const found = await kube.find<KubernetesObject & { data?: Readonly<Record<string, string>> }>(configMaps, ref);
  return found && (found.data?.['installation'] ?? '');
}

/** Uninstalling takes the ConfigMap along, and leaves the objects: the names of their roles tell the installation too. */
async function refuseOthersRoles(kube: KubeClient, installation: string): Promise<void> {
  const others = (await listRoles(kube)).filter(({ metadata, spec, status }) => {
    const computed = roleName(installation, metadata.namespace, metadata.name);
    return spec.role?.name === undefined && status?.roleName !== undefined && status.roleName !== computed;
  });
  const [first] = others;
  if (!first) return;
  const { namespace, name } = first.metadata;
  throw new InstallationChanged(
    `installation: is ${installation}, and role ${first.status?.roleName} of IAMServiceAccount ${namespace}/${name} was made by another ` +
      `installation: as ${installation} the operator would make ${others.length} roles anew and leave the old ones behind. Set the ` +
      'installation that made them, or delete those IAMServiceAccounts first',
  );
}

/** None while the kind is not installed. */
async function listRoles(kube: KubeClient): Promise<readonly IAMServiceAccount[]> {
  try {
    return await kube.list<IAMServiceAccount>(iamServiceAccounts);
  } catch (error) {
    if (isNotFound(error) || isNotServed(error)) return [];
    throw error;
  }
}

const changed = ({ namespace, name }: NamespacedName, written: string, installation: string) =>
  `installation: is ${installation}, but was ${written} when the operator first started, as ConfigMap ${namespace}/${name} says: ` +
  `with ${installation} it would make every role again and leave the old ones behind. Set it to ${written} again. ` +
  'To change it for good, delete all OIDCIssuers and IAMServiceAccounts first, and then that ConfigMap';
