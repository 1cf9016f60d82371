import type { IAMServiceAccount } from '../../api/kinds.ts';
import type { NamespacedName } from '../../api/resources.ts';

/** Another IAMServiceAccount that gives the same service account of the same cluster a role. */
export interface Rival {
  /** `namespace/name` */
  readonly name: string;
  readonly roleARN: string | undefined;
  /** The service account is the rival's: it is the older object. */
  readonly isOlder: boolean;
}

/** Those whose status says that the service account is, or is to be, annotated by them, and whose spec still names it. */
export function rivalsOf(
  object: IAMServiceAccount,
  all: readonly IAMServiceAccount[],
  { cluster, namespace, name }: NamespacedName & { readonly cluster: string },
): Rival[] {
  const isIt = (other: NamespacedName) => other.namespace === namespace && other.name === name;
  return all
    .filter(({ metadata }) => metadata.uid !== object.metadata.uid)
    .filter(({ spec }) => spec.subjects.some(isIt))
    .filter(({ status }) => status?.serviceAccounts?.some((entry) => entry.cluster === cluster && isIt(entry)))
    .map((rival) => ({
      name: nameOf(rival),
      roleARN: rival.status?.roleARN,
      // One that is going lets go by itself, and must not get back what it lost.
      isOlder: rival.metadata.deletionTimestamp === undefined && rank(rival) < rank(object),
    }));
}

const nameOf = ({ metadata }: IAMServiceAccount) => `${metadata.namespace}/${metadata.name}`;

/** Two of one second are told apart by their names, so that both come to the same answer. */
const rank = (object: IAMServiceAccount) => `${object.metadata.creationTimestamp ?? ''} ${nameOf(object)}`;
