// Made from crds/iamserviceaccounts.yaml by `npm run generate`; change that file instead.

/**
 * Which service accounts of which issuers may assume which role with which permissions.
 */
export interface IAMServiceAccountSpec {
  /**
   * The OIDCIssuers of the clusters whose service accounts may assume the role. At most 25, because a trust policy has no room for more.
   */
  issuerRefs: {
    /**
     * Namespace of the OIDCIssuer. If it is another namespace, the issuer's spec.allowedNamespaces must admit this object's namespace. Absent or empty: this object's own namespace.
     */
    namespace: string;
    /**
     * Name of the OIDCIssuer.
     */
    name: string;
  }[];
  /**
   * The service accounts that may assume the role. Empty: none, and the role's trust policy denies everybody. At most 300, because a trust policy has no room for more.
   */
  subjects: {
    /**
     * Namespace of the service account in its cluster. A * stands for any characters; a Guardrail has to allow it.
     */
    namespace: string;
    /**
     * Name of the service account. A * stands for any characters; a Guardrail has to allow it.
     */
    name: string;
  }[];
  /**
   * The AWS account of the role. The issuers must be registered there, by their spec.additionalAccounts if it is not their own account. The account cannot change. Absent: the account of the first issuer.
   */
  account?: {
    /**
     * ARN of the IAM role that the operator assumes in that account.
     */
    roleARN: string;
  };
  /**
   * The IAM role. Absent: the operator makes a role with the default name and path.
   */
  role?: {
    /**
     * Name of the role, unique in its account whatever the case. The name cannot change. Absent: the object's name and a hash.
     */
    name?: string;
    /**
     * Path of the role, which begins and ends with /. The path cannot change. Absent: /irsa/INSTALLATION/NAMESPACE/, with the operator's installation and the object's namespace; with management TrustOnly, /.
     */
    path?: string;
    /**
     * Description of the role, in Latin-1 characters. Absent: none.
     */
    description?: string;
    /**
     * Longest time that credentials of the role last, from 1h to 12h, as a Go duration of hours, minutes and seconds, for example 1h30m. Absent: 1h.
     */
    maxSessionDuration?: string;
    /**
     * ARN of the policy that bounds the role's permissions. Absent: none, unless a Guardrail forces one.
     */
    permissionsBoundary?: string;
    /**
     * Full: the operator makes the role and owns all of it. TrustOnly: somebody else owns the role, and the operator maintains only its own statements in the trust policy. Absent: Full.
     */
    management: 'Full' | 'TrustOnly';
  };
  /**
   * The permissions of the role. Absent: none.
   */
  policies?: {
    /**
     * Managed policies attached to the role, each as an ARN. For an AWS managed policy, the part after arn:PARTITION:iam::aws:policy/ is enough. Absent: none.
     */
    managed?: string[];
    /**
     * Policies written into the role, together at most 10,240 characters without white space. Absent: none.
     */
    inline?: {
      /**
       * Name of the policy in the role.
       */
      name: string;
      /**
       * The policy as JSON text.
       */
      document: string;
    }[];
  };
  /**
   * What the operator does with the service accounts in the cluster. Annotate: annotates those that exist. Create: also makes those that do not exist, and deletes them with this object. Ignore: leaves all alone. Absent: Annotate.
   */
  serviceAccountPolicy: 'Annotate' | 'Create' | 'Ignore';
  /**
   * How pods exchange their tokens. The operator writes this on the service accounts as annotations for the pod identity webhook. Absent: the annotations that the service accounts have, else the webhook's own settings.
   */
  session?: {
    /**
     * Whether pods call STS in their region instead of the global endpoint. Absent: the webhook's own setting.
     */
    regionalSTS?: boolean;
    /**
     * How long a token lives, as a Go duration of hours, minutes and seconds, for example 1h. From 10m to 24h, because a key stays published little longer than 24h. Absent: the webhook's own setting.
     */
    tokenExpiration?: string;
  };
  /**
   * Tags for the role, beside the operator's own. A Guardrail says which keys. At most 40, because AWS allows 50 and the operator keeps ten for itself. A tag that you remove here is removed on AWS too; tags that somebody else set there stay. Absent: only the operator's.
   */
  tags?: {
    [k: string]: string;
  };
  /**
   * What happens to the role and the annotations when this object is deleted: Delete removes them, Retain leaves them as they are. Absent: Delete.
   */
  deletionPolicy: 'Delete' | 'Retain';
  /**
   * Whether the operator leaves the role alone, on AWS and in the cluster, until this is false again. Absent: false.
   */
  suspend: boolean;
}

/**
 * What the operator found and made. The operator can find all of it again on AWS.
 */
export interface IAMServiceAccountStatus {
  /**
   * The metadata.generation that this status describes; -1 before the first pass. Absent: means -1.
   */
  observedGeneration?: number;
  /**
   * What a pass would change, one line a change, in order. Absent: the annotation irsa.giantswarm.io/plan does not ask for it.
   */
  plan?: string[];
  /**
   * The value of the annotation irsa.giantswarm.io/reconcile-at for which a pass was made. Absent: none.
   */
  lastHandledReconcileAt?: string;
  /**
   * The keys of the tags that spec.tags has or had, as far as they may be on AWS. Those that spec.tags no longer has are removed there. Absent: none.
   */
  tagKeys?: string[];
  /**
   * ARN of the role. Absent: the role does not exist.
   */
  roleARN?: string;
  /**
   * Name of the role, even before the role exists. Absent: no issuer has told the account of the role yet.
   */
  roleName?: string;
  /**
   * The AWS account of the role. Absent: no issuer has told the account yet.
   */
  accountID?: string;
  /**
   * Role that the operator assumes in that account. Absent: the operator's own credentials.
   */
  accountRoleARN?: string;
  /**
   * Namespace of the object that named accountRoleARN: this one, or its first OIDCIssuer. It is part of the external id with which the role is assumed. Absent: the operator's own credentials.
   */
  accountNamespace?: string;
  /**
   * Name of the Guardrail that allows the present spec. Absent: the spec is refused, or was not judged yet.
   */
  guardrail?: string;
  /**
   * The issuers that the trust policy names. Absent: none.
   */
  issuers?: {
    /**
     * Issuer URL.
     */
    url: string;
    /**
     * ARN of the issuer's IAM OIDC provider in the role's account.
     */
    providerARN: string;
  }[];
  /**
   * The service accounts that the subjects name. Absent: none.
   */
  serviceAccounts?: {
    /**
     * Namespace of the OIDCIssuer that knows the way to the cluster.
     */
    issuerNamespace: string;
    /**
     * Name of the cluster.
     */
    cluster: string;
    /**
     * Namespace of the service account in that cluster.
     */
    namespace: string;
    /**
     * Name of the service account.
     */
    name: string;
    /**
     * What was done with the service account, in one word.
     */
    state: string;
    /**
     * How many pods of the service account run without credentials of the role, because they were started before it named the role. Absent: not counted yet, or the operator may not list pods there.
     */
    podsToRestart?: number;
  }[];
  /**
   * The state of each part. Ready is computed from the others. Absent: there was no pass yet.
   */
  conditions?: {
    /**
     * What the condition is about.
     */
    type: string;
    /**
     * True: done. False: known not to be done. Unknown: could not be looked at.
     */
    status: 'True' | 'False' | 'Unknown';
    /**
     * Why, in one word for programs.
     */
    reason: string;
    /**
     * Why, in a sentence for people.
     */
    message: string;
    /**
     * When the status last changed.
     */
    lastTransitionTime: string;
    /**
     * The metadata.generation that the condition describes. Absent: the condition's writer did not say.
     */
    observedGeneration?: number;
  }[];
}
