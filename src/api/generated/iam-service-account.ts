// Made from crds/iamserviceaccounts.yaml by `npm run generate`; change that file instead.

/**
 * Which service accounts of which issuers may assume which role with which permissions.
 */
export interface IAMServiceAccountSpec {
  /**
   * The OIDCIssuers whose service accounts may assume the role; several for one role in several clusters. At most 25, for a trust policy holds no more.
   */
  issuerRefs: {
    /**
     * Namespace of the OIDCIssuer, whose spec.allowedNamespaces has to let this object's namespace refer to it. Absent or empty: this object's own.
     */
    namespace: string;
    /**
     * Name of the OIDCIssuer.
     */
    name: string;
  }[];
  /**
   * The service accounts that may assume the role. Empty: none, and the role's trust policy denies everybody. At most 300, for a trust policy holds no more.
   */
  subjects: {
    /**
     * Namespace of the service account in its cluster. A * stands for any characters and is refused where the operator's guardrails do not allow it.
     */
    namespace: string;
    /**
     * Name of the service account. A * stands for any characters and is refused where the operator's guardrails do not allow it.
     */
    name: string;
  }[];
  /**
   * Not built yet. The AWS account of the role; the issuers must be registered there. It cannot change. Absent: the account of the first issuer.
   */
  account?: {
    /**
     * ARN of the IAM role which the operator assumes in that account.
     */
    roleARN: string;
  };
  /**
   * The IAM role. Absent: a role of the operator's making under the default name and path.
   */
  role?: {
    /**
     * Name of the role, unique in its account whatever the case. It cannot change. Absent: the object's name and a hash.
     */
    name?: string;
    /**
     * Path of the role, which begins and ends with /. It cannot change. Absent: /irsa/, the installation, / and the namespace, and /.
     */
    path?: string;
    /**
     * Description of the role, in characters of Latin-1. Absent: none.
     */
    description?: string;
    /**
     * Longest time that credentials of the role last, from 1h to 12h, as a Go duration of hours, minutes and seconds, for example 1h30m. Absent: 1h.
     */
    maxSessionDuration?: string;
    /**
     * ARN of the policy that bounds the role's permissions. Absent: none, unless the operator's guardrails force one.
     */
    permissionsBoundary?: string;
    /**
     * TrustOnly is not built yet. Full: the operator makes the role and owns all of it. TrustOnly: the role is somebody else's, and the operator keeps only its own statements in the trust policy. Absent: Full.
     */
    management: 'Full' | 'TrustOnly';
  };
  /**
   * The permissions of the role. Absent: none.
   */
  policies?: {
    /**
     * Managed policies attached to the role, each as its ARN or, for one of AWS's own, as what follows arn:PARTITION:iam::aws:policy/. Absent: none.
     */
    managed?: string[];
    /**
     * Policies written into the role, together at most 10,240 characters, white space not counted. Absent: none.
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
   * Only Annotate is built yet. What the operator does with the service accounts in the cluster: Annotate those that are there, Create those that are not besides, or Ignore them all. Absent: Annotate.
   */
  serviceAccountPolicy: 'Annotate' | 'Create' | 'Ignore';
  /**
   * How pods exchange their tokens, written to the service accounts as annotations for the pod identity webhook. Absent: what the service accounts say themselves, else the webhook's own settings.
   */
  session?: {
    /**
     * Whether pods call STS in their region instead of the global endpoint. Absent: the webhook's own setting.
     */
    regionalSTS?: boolean;
    /**
     * How long a token lives, from 10m to 24h, for a key stays published little longer; as a Go duration of hours, minutes and seconds, for example 1h. Absent: the webhook's own setting.
     */
    tokenExpiration?: string;
  };
  /**
   * Tags for the role, beside the operator's own. At most 40, for AWS allows 50 and the operator keeps ten for its own. A tag taken away here stays on AWS, where nothing tells it from a stranger's. Absent: only the operator's.
   */
  tags?: {
    [k: string]: string;
  };
  /**
   * What becomes of the role and the annotations when this object is deleted: Delete removes them, Retain leaves them as they are. Absent: Delete.
   */
  deletionPolicy: 'Delete' | 'Retain';
  /**
   * Whether the operator leaves the role alone, on AWS and in the cluster, until this is false again. Absent: false.
   */
  suspend: boolean;
}

/**
 * What the operator found and made. Everything here can be found again on AWS.
 */
export interface IAMServiceAccountStatus {
  /**
   * The metadata.generation that this status describes; -1 before the first pass. Absent: as -1.
   */
  observedGeneration?: number;
  /**
   * ARN of the role. Absent: it is not there.
   */
  roleARN?: string;
  /**
   * Name of the role, also before it is there. Absent: no issuer told yet in which account it is.
   */
  roleName?: string;
  /**
   * The AWS account that the role is in. Absent: no issuer told it yet.
   */
  accountID?: string;
  /**
   * Role that the operator assumes there. Absent: the operator's own credentials.
   */
  accountRoleARN?: string;
  /**
   * Namespace of the OIDCIssuer that named accountRoleARN, which is part of the external id with which the role is assumed. Absent: the operator's own credentials.
   */
  accountNamespace?: string;
  /**
   * Name of the Guardrail that allows the spec as it is. Absent: the spec is refused, or was not judged yet.
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
     * ARN of its IAM OIDC provider in the role's account.
     */
    providerARN: string;
  }[];
  /**
   * The service accounts of the subjects, one by one. Absent: none.
   */
  serviceAccounts?: {
    /**
     * Name of the cluster.
     */
    cluster: string;
    /**
     * Namespace of the service account there.
     */
    namespace: string;
    /**
     * Name of the service account.
     */
    name: string;
    /**
     * What was done with it, in one word.
     */
    state: string;
  }[];
  /**
   * How far each part is. Ready is computed from the others. Absent: before the first pass.
   */
  conditions?: {
    /**
     * What the condition is about.
     */
    type: string;
    /**
     * Done, known not to be done, or not looked yet.
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
     * The metadata.generation that the condition describes. Absent: whoever wrote the condition does not say.
     */
    observedGeneration?: number;
  }[];
}
