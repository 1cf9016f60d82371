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
   * Selects namespaces by their labels. Who may label namespaces can then choose the Guardrail. Absent: namespaces says which.
   */
  namespaceSelector?: {
    /**
     * Labels that a namespace must have, all of them.
     */
    matchLabels: {
      [k: string]: string;
    };
  };
  /**
   * ARNs of the roles that objects may name in spec.account, or inherit from their issuer; a * stands for any characters. Own stands for the operator's own credentials.
   */
  accounts: string[];
  /**
   * What OIDCIssuers may ask for. Absent: there may be none.
   */
  issuers?: {
    /**
     * What an issuer's alias may be, or the host of its external issuerURL, compared as DNS does; a * stands for any characters, dots too. Absent: none.
     */
    aliases?: string[];
    /**
     * Whether issuers may have spec.cluster.inCluster, by which the operator annotates service accounts of the cluster that it runs in. Absent: false.
     */
    inCluster?: boolean;
  };
  /**
   * What IAMServiceAccounts may ask for. Absent: there may be none.
   */
  roles?: {
    /**
     * ARN of the policy that bounds every role: a role whose object names none gets it, and another is refused. Absent: objects may name any or none.
     */
    permissionsBoundary?: string;
    /**
     * Managed policies that may be attached, each as its ARN or, for one of AWS's own, as what follows arn:PARTITION:iam::aws:policy/; a * stands for any characters, and * alone for all policies. Absent: none.
     */
    managedPolicies?: string[];
    /**
     * What policies written into the role may say. Absent: there may be none.
     */
    inlinePolicies?: {
      /**
       * Actions that no statement may allow, as IAM writes them: * and ? are wildcards, and case does not matter. Absent: each may be allowed.
       */
      deniedActions?: string[];
    };
    /**
     * Namespaces, in the cluster of the issuer, of the service accounts that may assume the role; a * stands for any characters. Absent: with an issuer of the operator's own cluster the namespace of the object, else any.
     */
    subjectNamespaces?: string[];
    /**
     * Not built yet: subjects with a * are refused. Whether subjects may have a *. Absent: false.
     */
    wildcardSubjects?: boolean;
    /**
     * What spec.role.name may be beside the default, compared as IAM does, whatever the case; a * stands for any characters. Absent: only the default.
     */
    names?: string[];
    /**
     * What spec.role.path may be beside the default; a * stands for any characters. Absent: only the default.
     */
    paths?: string[];
    /**
     * Keys that spec.tags may have, whatever the case; a * stands for any characters. Policies can grant by the tags of a role, as aws:PrincipalTag. Absent: none.
     */
    tagKeys?: string[];
    /**
     * Not built yet: no existing role is adopted or edited. ARNs of roles that are there already and that objects may name; a * stands for any characters. Absent: none.
     */
    existingRoles?: string[];
    /**
     * Longest time that credentials of a role may last, as 4h or 90m. Absent: what AWS allows.
     */
    maxSessionDuration?: string;
    /**
     * IAMServiceAccounts in each namespace; the oldest keep their place. Absent: any number.
     */
    maximum?: number;
  };
}
