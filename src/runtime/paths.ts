import type { NamespacedName, Resource } from '../api/resources.ts';

/** The URL path of all objects of a kind, in one namespace or in all. The empty namespace stands for cluster-scoped kinds. */
export function collectionPath({ group, version, plural }: Resource, namespace?: string): string {
  const api = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  const within = namespace === undefined || namespace === '' ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  return `${api}${within}/${plural}`;
}

export const objectPath = (resource: Resource, { namespace, name }: NamespacedName): string =>
  `${collectionPath(resource, namespace)}/${encodeURIComponent(name)}`;

/** What to ask for, as a header: `kind` is what the answer is if only metadata is wanted. */
export const acceptOf = ({ metadataOnly }: Resource, kind: 'PartialObjectMetadata' | 'PartialObjectMetadataList') =>
  metadataOnly ? `application/json;as=${kind};g=meta.k8s.io;v=v1` : 'application/json';

/** An object's name for people. */
export const spokenName = ({ namespace, name }: NamespacedName): string =>
  namespace === '' ? name : `${namespace}/${name}`;
