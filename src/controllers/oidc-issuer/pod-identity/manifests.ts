import { podIdentityManifests } from '../../../api/generated/pod-identity.ts';
import type { KubernetesObject } from '../../../api/meta.ts';
import { annotations, fieldManager } from '../../../api/names.ts';
import type { NamespacedName } from '../../../api/resources.ts';
import { type Owner, ownershipTags } from '../../../aws/ownership.ts';
import { isMap } from '../../../runtime/json.ts';
import type { DesiredObject } from '../../../runtime/kube-client.ts';
import { TerminalError } from '../../explain.ts';

const [policyManifest, ...bindingManifests] = podIdentityManifests;

const named = (name: string): NamespacedName => ({ namespace: '', name });

export const policyRef = named(policyManifest.metadata.name);
export const bindingRefs = bindingManifests.map(({ metadata }) => named(metadata.name));

/** What somebody else may have written as they like, in a cluster of theirs. */
export interface ObservedObject extends KubernetesObject {
  readonly spec?: unknown;
}

export interface DesiredPolicy {
  /** What AWS_REGION gets. */
  readonly region: string;
  readonly owner: Owner;
  /** The issuers that want the policy, as `namespace/name`, in the order in which they asked. */
  readonly users: readonly string[];
}

/** The policy as config/pod-identity has it, with its one setting, and with what tells whose it is. */
export function desiredPolicy({ region, owner, users }: DesiredPolicy): DesiredObject {
  const { spec } = policyManifest;
  const variables = spec.variables.map((variable) =>
    variable.name === 'region' ? { ...variable, expression: literal(region) } : variable,
  );
  return ours(policyRef, owner, {
    spec: { ...spec, variables },
    annotations: { [annotations.podIdentityFor]: users.join() },
  });
}

export const desiredBindings = (owner: Owner): readonly DesiredObject[] =>
  bindingManifests.map(({ metadata, spec }) => ours(named(metadata.name), owner, { spec }));

function ours(
  ref: NamespacedName,
  owner: Owner,
  { spec, annotations: own }: { readonly spec: object; readonly annotations?: Readonly<Record<string, string>> },
): DesiredObject {
  const labels = { 'app.kubernetes.io/managed-by': fieldManager };
  return { metadata: { ...ref, labels, annotations: { ...ownershipTags(owner, undefined), ...own } }, spec };
}

/** The text becomes part of a program in CEL. */
function literal(region: string): string {
  if (/^[a-z0-9-]+$/.test(region)) return `'${region}'`;
  throw new TerminalError('InvalidSpec', 'spec.region is no region that a policy could name');
}

/** The region that a policy gives to pods. Undefined: it gives none that we would have written. */
export function regionOf({ spec }: ObservedObject): string | undefined {
  const variables: unknown = isMap(spec) ? spec['variables'] : undefined;
  const variable = (Array.isArray(variables) ? variables : []).find(
    (each) => isMap(each) && each['name'] === 'region',
  ) as { readonly expression?: unknown } | undefined;
  return /^'([a-z0-9-]+)'$/.exec(String(variable?.expression))?.[1];
}

/** Names of Kubernetes, and no more of them than a cluster could need, because whoever has the cluster may write what they like. */
export function usersOf({ metadata }: ObservedObject): readonly string[] {
  const text = metadata.annotations?.[annotations.podIdentityFor];
  const users = typeof text === 'string' ? text.split(',', mostUsers) : [];
  return [...new Set(users.filter((user) => /^[a-z0-9-]{1,63}\/[a-z0-9.-]{1,253}$/.test(user)))];
}

const mostUsers = 10;
