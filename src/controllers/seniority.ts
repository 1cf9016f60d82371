import type { ObjectMeta } from '../api/meta.ts';

/**
 * Sorts objects by age. If two objects want the same thing, the one that comes first has it. Objects of the same second are
 * told apart by their names, so that both come to the same answer.
 */
export const seniority = ({ creationTimestamp = '', namespace, name }: ObjectMeta): string =>
  `${creationTimestamp} ${namespace}/${name}`;
