/** Names that we write into the Kubernetes API. They can never change: objects in users' clusters carry them. */
export const finalizer = 'irsa.giantswarm.io/finalizer';
export const fieldManager = 'irsa-operator';

/** On an adapter-made OIDCIssuer: the name of its AWSCluster. */
export const awsClusterLabel = 'irsa.giantswarm.io/aws-cluster';

/** Beside that: the API group of its AWSCluster, because there are two kinds of that name. */
export const awsClusterGroupLabel = 'irsa.giantswarm.io/aws-cluster-group';

export const annotations = {
  /** On an OIDCIssuer: its deletion may take AWS away from the roles that refer to it. Any value except `"false"`. */
  allowDeletion: 'irsa.giantswarm.io/allow-deletion',
  /** On an OIDCIssuer: the issuer URL that the cluster's new tokens carry. For clusters that the operator does not reach. */
  migrated: 'irsa.giantswarm.io/migrated',
  /** On an OIDCIssuer, `"true"`: what carries its name under the AWS tag of the same name becomes its own. */
  adopt: 'irsa.giantswarm.io/adopt',
  /** On an OIDCIssuer: each new value lets the generated signing key rotate once. On its Secret: the value that was carried out last. */
  rotate: 'irsa.giantswarm.io/rotate',
  /** On an OIDCIssuer: the key id of the next signing key, once every API server of the cluster verifies tokens with it. */
  rotationConfirmed: 'irsa.giantswarm.io/rotation-confirmed',
  /** On an OIDCIssuer: the key id of the new signing key, once every API server of the cluster signs with it; or `hold`. */
  rotationSigning: 'irsa.giantswarm.io/rotation-signing',
  /** On a generated Secret: the name of the OIDCIssuer that may change it. Without it the operator only reads the Secret. */
  generatedFor: 'irsa.giantswarm.io/generated-for',
  /** Beside that: the UID of the OIDCIssuer for which the key was made. Without it the Secret counts as one that somebody made by hand. */
  generatedForUID: 'irsa.giantswarm.io/generated-for-uid',
  /** On a generated Secret whose key has rotated: the key id of its private key. */
  signingKey: 'irsa.giantswarm.io/signing-key',
  /** What this object's namesake made on AWS in another cluster belongs to this object now. The value is the UID of that cluster's namespace kube-system. */
  takeOver: 'irsa.giantswarm.io/take-over',
  /** What a pass would change is written to status.plan, and nothing is changed. Any value except `"false"`. */
  plan: 'irsa.giantswarm.io/plan',
  /** A value that was not there before makes a pass at once. */
  reconcileAt: 'irsa.giantswarm.io/reconcile-at',
  /** On an AWSCluster: the value of `spec.cluster.podIdentity` of its OIDCIssuer. */
  podIdentity: 'irsa.giantswarm.io/pod-identity',
  /** On the policy that gives pods their credentials: which OIDCIssuers want it, as `namespace/name` with commas between. The first decides about the region. */
  podIdentityFor: 'irsa.giantswarm.io/pod-identity-for',
  /** Opts an AWSCluster in, whatever its value; from release 19 it is on without it. */
  optIn: 'alpha.aws.giantswarm.io/iam-roles-for-service-accounts',
  /** Release 18.4 and later 18: publish under an alias of our own instead of the distribution's name. */
  enableAlias: 'alpha.aws.giantswarm.io/enable-cloudfront-alias',
  /** From release 19, `"false"` removes the provider of the distribution's own URL. */
  keepDistributionProvider: 'alpha.aws.giantswarm.io/irsa-keep-cloudfront-oidc-provider',
  /** On an AWSCluster, `"true"`: the operator that this one succeeds leaves the cluster alone. Ours does not. */
  pauseOlder: 'giantswarm.io/pause-irsa-operator',
  /** Cluster API: reconcile nothing, delete nothing. */
  paused: 'cluster.x-k8s.io/paused',
  /** `clusterctl move`: the object is deleted here because it lives on elsewhere. */
  deleteForMove: 'clusterctl.cluster.x-k8s.io/delete-for-move',
} as const;

/** Of the operator that this one succeeds, on AWSClusters and on ConfigMaps with a cluster's values. */
export const olderFinalizers = [
  'irsa-operator.finalizers.giantswarm.io/resource',
  'irsa-operator.finalizers.giantswarm.io',
] as const;

export const labels = {
  release: 'release.giantswarm.io/version',
  clusterName: 'cluster.x-k8s.io/cluster-name',
  /** On an AWSCluster, whatever its value: what the issuer has on AWS outlives the cluster. */
  keepIRSA: 'giantswarm.io/keep-irsa',
  /** On any object, whatever its value: `clusterctl move` takes it along although no Cluster owns it. */
  move: 'clusterctl.cluster.x-k8s.io/move',
} as const;

/** On a service account that the operator made. Its value is the field manager. */
export const createdLabel = 'app.kubernetes.io/managed-by';

/** On a pod, whatever its value: it wants no credentials. https://github.com/aws/amazon-eks-pod-identity-webhook#readme */
export const skipPodIdentityLabel = 'eks.amazonaws.com/skip-pod-identity-webhook';

/** The annotations that the pod identity webhook reads on a service account. https://github.com/aws/amazon-eks-pod-identity-webhook#readme */
export const webhookAnnotations = {
  roleARN: 'eks.amazonaws.com/role-arn',
  audience: 'eks.amazonaws.com/audience',
  regionalSTS: 'eks.amazonaws.com/sts-regional-endpoints',
  tokenExpiration: 'eks.amazonaws.com/token-expiration',
} as const;

/**
 * On a service account, beside its role: the policy in config/pod-identity serves it. `"true"` on a namespace: the policy serves all
 * service accounts there.
 */
export const podIdentityLabel = 'irsa.giantswarm.io/pod-identity';
