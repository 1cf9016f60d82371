import type { OIDCIssuer } from '../../../api/kinds.ts';
import {
  type AdmissionPolicyVersion,
  admissionPolicyVersions,
  mutatingAdmissionPolicies,
  mutatingAdmissionPolicyBindings,
  oidcIssuers,
  type Resource,
} from '../../../api/resources.ts';
import { isOurs, type Owner } from '../../../aws/ownership.ts';
import type { KubeClient, DesiredObject } from '../../../runtime/kube-client.ts';
import { mergePatch } from '../../../runtime/merge-patch.ts';
import { mustBeOurs, ownerOf, withoutTakeOver } from '../../ownership.ts';
import { issuerKey } from '../../references.ts';
import type { IssuerPass } from '../context.ts';
import {
  bindingRefs,
  desiredBindings,
  desiredPolicy,
  type ObservedObject,
  policyRef,
  regionOf,
  usersOf,
} from './manifests.ts';

/** The policy in a cluster. */
export interface Place {
  readonly client: KubeClient;
  /** The newest that the API server serves. An older server stores newer policies and ignores them. */
  readonly version: AdmissionPolicyVersion;
  /** Undefined: there is none. */
  readonly policy: ObservedObject | undefined;
}

type Asking = Pick<IssuerPass, 'services' | 'object' | 'pass'>;

/** For messages. */
export const policyName = `MutatingAdmissionPolicy ${policyRef.name}`;

/** Undefined: the API server serves no such policies. */
export async function findPolicy(client: KubeClient): Promise<Place | undefined> {
  for (const version of admissionPolicyVersions) {
    const resource = mutatingAdmissionPolicies[version];
    const policy = await client.find<ObservedObject>(resource, policyRef);
    if (policy || (await client.serves(resource))) return { client, version, policy };
  }
  return undefined;
}

/**
 * The policy as this issuer wants it, or as the issuer wants it that asked first. Writes only what differs.
 * @returns the region that pods get
 * @throws TerminalError if the policy or a binding is somebody else's
 */
export async function keepPolicy(asking: Asking, { client, version, policy }: Place): Promise<string> {
  const owner = policyOwner(asking);
  if (policy) mustBeOurs(found(policy, policyName), owner, remedyOf(owner));
  const me = issuerKey(asking.object.metadata);
  const others = policy ? await usersLeft(asking, policy) : [];
  const users = others.includes(me) ? others : [...others, me];
  const asked = asking.object.spec.region;
  const region = users[0] === me ? asked : ((policy && regionOf(policy)) ?? asked);
  const ensure = async (resource: Resource, observed: ObservedObject | undefined, desired: DesiredObject) => {
    if (await write(client, resource, { observed, desired })) {
      asking.pass.logger.info('wrote a policy for pods', { kind: resource.kind, policy: desired.metadata.name });
    }
  };
  await ensure(mutatingAdmissionPolicies[version], policy, desiredPolicy({ region, owner, users }));
  const bindings = mutatingAdmissionPolicyBindings[version];
  for (const desired of desiredBindings(owner)) {
    const observed = await client.find<ObservedObject>(bindings, desired.metadata);
    if (observed) mustBeOurs(found(observed, `${bindings.kind} ${desired.metadata.name}`), owner, remedyOf(owner));
    await ensure(bindings, observed, desired);
  }
  return region;
}

/** Who used to want the policy and does not any more. What is not ours is left alone. */
export async function releasePolicy(
  asking: Asking,
  { client, version, policy }: Place,
): Promise<'removed' | 'used by others' | 'not ours'> {
  const owner = withoutTakeOver(policyOwner(asking));
  const isOwn = ({ metadata }: ObservedObject) => isOurs(metadata.annotations ?? {}, owner);
  if (!policy || !isOwn(policy)) return 'not ours';
  const me = issuerKey(asking.object.metadata);
  const users = (await usersLeft(asking, policy)).filter((user) => user !== me);
  const policies = mutatingAdmissionPolicies[version];
  if (users.length > 0) {
    if (!usersOf(policy).includes(me)) return 'not ours';
    const desired = desiredPolicy({ region: regionOf(policy) ?? asking.object.spec.region, owner, users });
    await write(client, policies, { observed: policy, desired });
    return 'used by others';
  }
  const bindings = mutatingAdmissionPolicyBindings[version];
  for (const ref of bindingRefs) {
    const binding = await client.find<ObservedObject>(bindings, ref);
    if (binding && isOwn(binding)) await client.delete(bindings, ref, { uid: binding.metadata.uid });
  }
  const { uid, resourceVersion } = policy.metadata;
  // The version: an issuer that asks for the policy in this moment keeps it.
  await client.delete(policies, policyRef, { uid, resourceVersion });
  return 'removed';
}

/** The policy is the cluster's, and all issuers of this installation share it. */
export function policyOwner({ services, object }: Asking): Owner {
  return { ...ownerOf(oidcIssuers, object, services.settings), owner: policyRef.name };
}

const found = ({ metadata }: ObservedObject, what: string) => ({ what, tags: metadata.annotations ?? {} });

const remedyOf = ({ owner }: Owner) =>
  'it is left alone. If it is one that somebody applied, it does the work as it is: set spec.cluster.podIdentity: Webhook, ' +
  `or hand it over by the annotation irsa.giantswarm.io/adopt on both, "true" on this object and ${owner} there`;

/** The issuers that want the policy. Of our own namespace or cluster we can tell whether they still do; others are believed. */
async function usersLeft({ services, object }: Asking, policy: ObservedObject): Promise<readonly string[]> {
  const left: string[] = [];
  for (const user of usersOf(policy)) {
    const [namespace = '', name = ''] = user.split('/');
    const isKnown = namespace === object.metadata.namespace || object.spec.cluster?.inCluster !== undefined;
    const issuer = isKnown ? await services.kube.find<OIDCIssuer>(oidcIssuers, { namespace, name }) : undefined;
    if (!isKnown || issuer?.spec.cluster?.podIdentity === 'Policy') left.push(user);
  }
  return left;
}

interface Difference {
  readonly observed: ObservedObject | undefined;
  readonly desired: DesiredObject;
}

/** Fields that somebody added go too: an apply alone would leave them. Returns whether something was written. */
async function write(client: KubeClient, resource: Resource, { observed, desired }: Difference): Promise<boolean> {
  if (!observed) {
    await client.apply(resource, desired);
    return true;
  }
  const patch = mergePatch(essence(observed, desired), essence(desired, desired));
  if (!patch) return false;
  const { resourceVersion } = observed.metadata;
  const metadata = { ...(patch['metadata'] as object | undefined), resourceVersion };
  await client.patch(resource, desired.metadata, { ...patch, metadata });
  return true;
}

/** What we say of an object: the whole spec, and of labels and annotations our own. */
function essence({ metadata, spec }: ObservedObject | DesiredObject, desired: DesiredObject) {
  const own = (of: 'labels' | 'annotations') =>
    Object.fromEntries(Object.keys(desired.metadata[of] ?? {}).map((key) => [key, metadata[of]?.[key]]));
  return { metadata: { labels: own('labels'), annotations: own('annotations') }, spec };
}
