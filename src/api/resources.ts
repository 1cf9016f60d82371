/** Where a kind lives in the Kubernetes API. */
export interface Resource {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  /** If the kind is not served, there are no objects of it. For other kinds that is an error. */
  readonly optional?: boolean;
  /** Its objects are in no namespace: in a reference to one the namespace is empty. */
  readonly clusterScoped?: boolean;
  /** Only the metadata of its objects is asked for. https://kubernetes.io/docs/reference/using-api/api-concepts/#metadata-only-fetches */
  readonly metadataOnly?: boolean;
}

/** An object of a known kind. */
export interface NamespacedName {
  readonly namespace: string;
  readonly name: string;
}

export const oidcIssuers: Resource = {
  group: 'irsa.giantswarm.io',
  version: 'v1alpha1',
  plural: 'oidcissuers',
  kind: 'OIDCIssuer',
};
export const iamServiceAccounts: Resource = {
  group: 'irsa.giantswarm.io',
  version: 'v1alpha1',
  plural: 'iamserviceaccounts',
  kind: 'IAMServiceAccount',
};
export const guardrails: Resource = {
  group: 'irsa.giantswarm.io',
  version: 'v1alpha1',
  plural: 'guardrails',
  kind: 'Guardrail',
  clusterScoped: true,
};
/** Has no namespace itself: in a reference to one the namespace is empty. */
export const namespaces: Resource = {
  group: '',
  version: 'v1',
  plural: 'namespaces',
  kind: 'Namespace',
  clusterScoped: true,
};
/** Giant Swarm's AWSCluster. */
export const awsClusters: Resource = {
  group: 'infrastructure.giantswarm.io',
  version: 'v1alpha3',
  plural: 'awsclusters',
  kind: 'AWSCluster',
  optional: true,
};
/** Cluster API's AWSCluster. */
export const capiAWSClusters: Resource = {
  group: 'infrastructure.cluster.x-k8s.io',
  version: 'v1beta2',
  plural: 'awsclusters',
  kind: 'AWSCluster',
  optional: true,
};
export const awsClusterRoleIdentities: Resource = {
  group: 'infrastructure.cluster.x-k8s.io',
  version: 'v1beta2',
  plural: 'awsclusterroleidentities',
  kind: 'AWSClusterRoleIdentity',
  clusterScoped: true,
  optional: true,
};
/** Cluster API's Cluster: read only for `spec.paused` and its endpoint, which both versions have. */
export const clusters: Resource = {
  group: 'cluster.x-k8s.io',
  version: 'v1beta2',
  plural: 'clusters',
  kind: 'Cluster',
  optional: true,
};
/** The only version that Cluster API before 1.11 serves. */
export const olderClusters: Resource = { ...clusters, version: 'v1beta1' };
export const secrets: Resource = { group: '', version: 'v1', plural: 'secrets', kind: 'Secret' };
export const configMaps: Resource = { group: '', version: 'v1', plural: 'configmaps', kind: 'ConfigMap' };
export const serviceAccounts: Resource = {
  group: '',
  version: 'v1',
  plural: 'serviceaccounts',
  kind: 'ServiceAccount',
};
export const pods: Resource = { group: '', version: 'v1', plural: 'pods', kind: 'Pod' };
/** For watching. It is optional, because a cluster may refuse the watch. */
export const serviceAccountMetadata: Resource = { ...serviceAccounts, optional: true, metadataOnly: true };
/** For looking for the pod identity webhook. */
export const mutatingWebhookConfigurations: Resource = {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  plural: 'mutatingwebhookconfigurations',
  kind: 'MutatingWebhookConfiguration',
  clusterScoped: true,
};
/** The newest first. Kubernetes 1.36 and later serve v1; 1.34 and 1.35 serve v1beta1 if that is switched on. */
export const admissionPolicyVersions = ['v1', 'v1beta1'] as const;
export type AdmissionPolicyVersion = (typeof admissionPolicyVersions)[number];
const admissionPolicies = { group: 'admissionregistration.k8s.io', clusterScoped: true, optional: true } as const;
export const mutatingAdmissionPolicies: Readonly<Record<AdmissionPolicyVersion, Resource>> = inVersions({
  ...admissionPolicies,
  plural: 'mutatingadmissionpolicies',
  kind: 'MutatingAdmissionPolicy',
});
export const mutatingAdmissionPolicyBindings: Readonly<Record<AdmissionPolicyVersion, Resource>> = inVersions({
  ...admissionPolicies,
  plural: 'mutatingadmissionpolicybindings',
  kind: 'MutatingAdmissionPolicyBinding',
});
export const events: Resource = { group: 'events.k8s.io', version: 'v1', plural: 'events', kind: 'Event' };

/** `group/version`, or just the version for the core group. */
export function apiVersion(resource: Resource): string {
  return resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
}

function inVersions(kind: Omit<Resource, 'version'>): Record<AdmissionPolicyVersion, Resource> {
  return { v1: { ...kind, version: 'v1' }, v1beta1: { ...kind, version: 'v1beta1' } };
}
