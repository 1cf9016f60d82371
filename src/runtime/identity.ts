import type { Resource } from '../api/resources.ts';
import { isMap } from './json.ts';

/**
 * The longest name in Kubernetes. Other texts of an object's identity, such as its version, are shorter. What a watch keeps of
 * each object has a bound by this, whatever a server sends.
 * https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-subdomain-names
 */
const longest = 253;

/** Whether the object names itself and its version, as each object of an API server does. */
export const hasIdentity = (object: unknown, { clusterScoped }: Resource): boolean =>
  isMap(object) && hasTexts(object['metadata'], ...(clusterScoped ? [] : ['namespace']), 'name', 'resourceVersion');

export const hasTexts = (metadata: unknown, ...fields: readonly string[]): boolean =>
  isMap(metadata) &&
  fields.every((field) => {
    const value = metadata[field];
    return typeof value === 'string' && value !== '' && value.length <= longest;
  });
