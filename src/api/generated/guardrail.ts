// Made from crds/guardrails.yaml by `npm run generate`; change that file instead.

/**
 * Which namespaces this Guardrail is for, and what it allows their objects.
 */
export interface GuardrailSpec {
  /**
   * Names of namespaces; a * stands for any characters. Absent: namespaceSelector says which.
   */
  namespaces?: string[];
  /**
   * Selects namespaces by their labels. Whoever may label namespaces can then choose the Guardrail. Absent: namespaces says which.
   */
  namespaceSelector?: {
    /**
     * Labels that a namespace must have. All must match.
     */
    matchLabels: {
      [k: string]: string;
    };
  };
  /**
   * ARNs of the roles that objects may name in spec.account or inherit from their issuer; a * stands for any characters. Own stands for the operator's own credentials.
   */
  accounts: string[];
  /**
   * What OIDCIssuers may ask for. Absent: no OIDCIssuer is allowed.
   */
  issuers?: {
    /**
     * What an issuer's alias, or the host of its external issuerURL, may be. Case does not matter; a * stands for any characters, dots too. Absent: none.
     */
    aliases?: string[];
    /**
     * Whether issuers may have spec.cluster.inCluster, which lets the operator annotate service accounts of the cluster that it runs in. Absent: false.
     */
    inCluster?: boolean;
    /**
     * Keys that spec.tags may have; a * stands for any characters. Case matters. The operator sets such a tag on all that the issuer has on AWS, whatever value it has there, and removes it when spec.tags no longer has it: list no key that anybody else sets. Absent: none.
     */
    tagKeys?: string[];
  };
  /**
   * What IAMServiceAccounts may ask for. Absent: no IAMServiceAccount is allowed.
   */
  roles?: {
    /**
     * ARN of the policy that bounds every role: a role whose object names no boundary gets this one, and any other boundary is refused. Absent: objects may name any or none.
     */
    permissionsBoundary?: string;
    /**
     * Managed policies that may be attached, each as an ARN. For an AWS managed policy, the part after arn:PARTITION:iam::aws:policy/ is enough. A * stands for any characters, and * alone for all policies. Absent: none.
     */
    managedPolicies?: string[];
    /**
     * What policies written into the role may say. Absent: no such policies are allowed.
     */
    inlinePolicies?: {
      /**
       * Actions that no statement may allow, as IAM writes them: * and ? are wildcards, and case does not matter. Absent: statements may allow every action.
       */
      deniedActions?: string[];
    };
    /**
     * Namespaces, in the issuer's cluster, of the service accounts that may assume the role; a * stands for any characters. Absent: if the issuer is of the operator's own cluster, the object's namespace, else any.
     */
    subjectNamespaces?: string[];
    /**
     * Whether subjects may contain a *. Absent: false.
     */
    wildcardSubjects?: boolean;
    /**
     * What spec.role.name may be besides the default. Case does not matter, as in IAM; a * stands for any characters. Absent: only the default.
     */
    names?: string[];
    /**
     * What spec.role.path may be besides the default; a * stands for any characters. Absent: only the default.
     */
    paths?: string[];
    /**
     * Keys that spec.tags may have. Case does not matter; a * stands for any characters. Policies can grant by a role's tags, as aws:PrincipalTag. A tag of such a key is ours, whatever value it has on AWS: list no key that anybody else sets. Absent: none.
     */
    tagKeys?: string[];
    /**
     * ARNs of existing roles that objects may take: with management TrustOnly, or with the annotation irsa.giantswarm.io/adopt. A * stands for any characters. Absent: none.
     */
    existingRoles?: string[];
    /**
     * Longest time that credentials of a role may last, for example 4h or 90m. Absent: what AWS allows.
     */
    maxSessionDuration?: string;
    /**
     * Greatest number of IAMServiceAccounts in each namespace; the oldest keep their place. Absent: any number.
     */
    maximum?: number;
  };
}
