// Made from crds/oidcissuers.yaml by `npm run generate`; change that file instead.

/**
 * Where the issuer is hosted, which keys it publishes, and in which accounts it is registered.
 */
export interface OIDCIssuerSpec {
  /**
   * Name of the cluster whose pods use this issuer. It goes into the bucket's name and into tags and cannot change. Absent: metadata.name.
   */
  clusterName?: string;
  /**
   * AWS region of the bucket, for example eu-central-1. It also decides the partition and so the default audiences. It cannot change.
   */
  region: string;
  /**
   * The AWS account that hosts the issuer. Once set it cannot be taken away, and its role can change only to another of the same account. Absent: the account of the operator's own credentials.
   */
  account?: {
    /**
     * ARN of the IAM role which the operator assumes in that account.
     */
    roleARN: string;
  };
  /**
   * Not built yet. Further AWS accounts in which the issuer is registered as an IAM OIDC provider, for roles there. Absent: only the issuer's own account.
   */
  additionalAccounts?: {
    /**
     * ARN of the IAM role which the operator assumes in that account.
     */
    roleARN: string;
  }[];
  /**
   * How the issuer's documents are published. Exactly one of cloudFront, s3 and external.
   */
  hosting: {
    /**
     * A private bucket behind a CloudFront distribution.
     */
    cloudFront?: {
      /**
       * DNS name under which the distribution is reached, for example irsa.abcl0.example.com. A public hosted zone for it must be in the issuer's account; at most 64 characters, for it is the common name of the certificate. Absent: the distribution has only its own cloudfront.net name.
       */
      alias?: string;
      /**
       * Not built yet, but for Alias. Which of the two names the issuer URL has: the alias, or the distribution's own. Absent: Alias where there is an alias, else Distribution.
       */
      issuer?: 'Alias' | 'Distribution';
      /**
       * What becomes of the IAM OIDC provider for the distribution's own name beside the alias's: Keep has it registered too, for clusters whose tokens still carry that name; Remove has not. Absent: Remove.
       */
      distributionProvider?: 'Keep' | 'Remove';
    };
    /**
     * Not built yet. A bucket that the public may read, under its path-style URL, for partitions without CloudFront.
     */
    s3?: {};
    /**
     * Not built yet. Somebody else hosts the issuer. Nothing is published; an IAM OIDC provider that is there and has our audience is used as it is and never changed.
     */
    external?: {
      /**
       * The issuer exactly as the cluster's tokens carry it: https, no port, no query.
       */
      issuerURL: string;
    };
  };
  /**
   * The S3 bucket of the documents. Absent: a bucket under the default name.
   */
  bucket?: {
    /**
     * Name of the bucket, without dots, which no TLS certificate of S3 covers. Absent: a name made of the cluster, a hash, the account and the region, in the account's own namespace where the region has those.
     */
    name?: string;
    /**
     * What becomes of a bucket with a global name when the issuer is deleted: Keep empties and keeps it, Delete deletes it. Anybody may then take that name, and with it the issuer's URL. Absent: Keep. A bucket in the account's own namespace is always deleted.
     */
    globalName?: 'Keep' | 'Delete';
  };
  /**
   * Where the public keys come from that verify the cluster's service-account tokens. Exactly one of secretRef, generate and apiServer. Absent: only with hosting.external, which publishes none.
   */
  signingKeys?: {
    /**
     * An entry of a Secret in the issuer's namespace with a PEM public key or certificate. An entry with a private key is refused.
     */
    secretRef?: {
      /**
       * Name of the Secret.
       */
      name: string;
      /**
       * The entry, for example tls.crt.
       */
      key: string;
    };
    /**
     * An RSA key of 2048 bits which the operator makes, for the cluster's API server to sign with.
     */
    generate?: {
      /**
       * Name of the Secret in the issuer's namespace that holds the private key (entry key) and the public one (entry pub). It has no owner and is never deleted.
       */
      secretName: string;
      /**
       * Not built yet, but for 0s. Time after which a new key takes over, as a Go duration, for example 2160h. Absent or 0s: never.
       */
      rotateEvery?: string;
    };
    /**
     * Not built yet. The keys which the cluster's API server publishes itself, read through spec.cluster. No private key is seen by the operator.
     */
    apiServer?: {};
  };
  /**
   * Not built yet, but for 25h. How long a key stays published after it vanished from its source, as a Go duration, for example 49h. It should be longer than any token lives. Absent: 25h.
   */
  keyRetention?: string;
  /**
   * How the cluster is reached in which the service accounts are. Exactly one of kubeconfigSecretRef and inCluster. Absent: the cluster is neither read nor written.
   */
  cluster?: {
    /**
     * A kubeconfig in a Secret of the issuer's namespace.
     */
    kubeconfigSecretRef?: {
      /**
       * Name of the Secret.
       */
      name: string;
      /**
       * The entry with the kubeconfig. Absent: value.
       */
      key: string;
    };
    /**
     * The cluster that the operator itself runs in. Refused in namespaces that the operator's configuration does not list.
     */
    inCluster?: {};
  };
  /**
   * From which namespaces IAMServiceAccounts may refer to this issuer. Absent: as from: Same.
   */
  allowedNamespaces?: {
    /**
     * Same: only the issuer's own namespace. All: every namespace. Selector: the issuer's own and those with labels that selector asks for. Absent: Same.
     */
    from: 'Same' | 'All' | 'Selector';
    /**
     * Labels of the namespaces that are meant; {} means every namespace. Absent: only without from: Selector.
     */
    selector?: {
      /**
       * Labels that the namespace has, with these values. Absent: any.
       */
      matchLabels?: {
        [k: string]: string;
      };
      /**
       * What is asked of labels besides, all of it. Absent: nothing.
       */
      matchExpressions?: {
        /**
         * The label.
         */
        key: string;
        /**
         * How the label's value is compared.
         */
        operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
        /**
         * The values of In and NotIn. Absent: none.
         */
        values?: string[];
      }[];
    };
  };
  /**
   * Audiences that tokens for AWS carry, registered as client ids of the IAM OIDC provider. Absent: sts.amazonaws.com, and in China sts.amazonaws.com.cn besides.
   */
  audiences?: string[];
  /**
   * Tags for everything that the issuer has on AWS, beside the operator's own. At most 40, for AWS allows 50 and the operator keeps ten for its own. A tag taken away here stays on AWS, where nothing tells it from a stranger's. Absent: only the operator's.
   */
  tags?: {
    [k: string]: string;
  };
  /**
   * What becomes of everything on AWS when this object is deleted: Delete removes it, Retain leaves it as it is. Absent: Delete.
   */
  deletionPolicy: 'Delete' | 'Retain';
  /**
   * Whether the operator leaves this issuer alone, on AWS and in the cluster, until this is false again. Absent: false.
   */
  suspend: boolean;
}

/**
 * What the operator found and made. Everything here can be found again on AWS.
 */
export interface OIDCIssuerStatus {
  /**
   * The metadata.generation that this status describes; -1 before the first pass. Absent: as -1.
   */
  observedGeneration?: number;
  /**
   * The issuer, to be given to the API server as --service-account-issuer. Absent: the spec was never accepted.
   */
  issuerURL?: string;
  /**
   * Where the keys are published, to be given to the API server as --service-account-jwks-uri. Absent: the spec was never accepted.
   */
  jwksURI?: string;
  /**
   * The AWS account that hosts the issuer. Absent: the spec was never accepted.
   */
  accountID?: string;
  /**
   * The IAM OIDC providers that stand for this issuer. Absent: none.
   */
  providers?: {
    /**
     * Issuer URL that the provider is for.
     */
    url: string;
    /**
     * ARN of the provider.
     */
    arn: string;
    /**
     * The AWS account that it is in.
     */
    accountID: string;
    /**
     * Role that the operator assumes there. Absent: the operator's own credentials.
     */
    roleARN?: string;
    /**
     * The audiences that it takes, which the roles that trust it ask for. Absent: not known yet.
     */
    audiences?: string[];
    /**
     * Whether the operator made or adopted it, and so changes and deletes it.
     */
    owned: boolean;
  }[];
  /**
   * What the spec asked for when the IAM OIDC provider was registered, by field: what cannot be changed since. Absent: none is registered yet.
   */
  settled?: {
    [k: string]: string;
  };
  /**
   * The bucket of the documents. Absent: there is none yet.
   */
  bucket?: {
    /**
     * Name of the bucket.
     */
    name: string;
  };
  /**
   * The CloudFront distribution. Absent: there is none yet.
   */
  distribution?: {
    /**
     * Id of the distribution.
     */
    id: string;
    /**
     * ARN of the distribution.
     */
    arn: string;
    /**
     * Its own name under cloudfront.net.
     */
    domainName: string;
    /**
     * CloudFront's word for how far it is, for example InProgress or Deployed.
     */
    state: string;
  };
  /**
   * The ACM certificate of the alias. Absent: there is none yet.
   */
  certificate?: {
    /**
     * ARN of the certificate.
     */
    arn: string;
    /**
     * ACM's word for how far it is, for example PENDING_VALIDATION or ISSUED.
     */
    state: string;
    /**
     * When it expires. Absent: it is not issued yet.
     */
    notAfter?: string;
  };
  /**
   * The keys that are published. Absent: none yet.
   */
  keys?: {
    /**
     * Key id that tokens carry.
     */
    kid: string;
    /**
     * Algorithm that tokens are signed with, for example RS256.
     */
    algorithm: string;
    /**
     * When the key was first published.
     */
    firstPublished: string;
    /**
     * When the key was first missing from its source. Absent: it is there.
     */
    missingSince?: string;
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
