// Made from crds/oidcissuers.yaml by `npm run generate`; change that file instead.

/**
 * Where the issuer is hosted, which keys it publishes, and in which accounts it is registered.
 */
export interface OIDCIssuerSpec {
  /**
   * Name of the cluster whose pods use this issuer. The name is part of the bucket's name and of tags, and cannot change. Absent: metadata.name.
   */
  clusterName?: string;
  /**
   * AWS region of the bucket, for example eu-central-1. The region also decides the partition, and with it the default audiences. It cannot change.
   */
  region: string;
  /**
   * The AWS account that hosts the issuer. Once set, it cannot be removed, and roleARN can change only to another role of the same account. Absent: the account of the operator's own credentials.
   */
  account?: {
    /**
     * ARN of the IAM role that the operator assumes in that account.
     */
    roleARN: string;
  };
  /**
   * Further AWS accounts in which the issuer is registered as an IAM OIDC provider, for roles in those accounts. Each account once. In an account that is taken out, the provider goes once no role there trusts it. Absent: only the issuer's own account.
   */
  additionalAccounts?: {
    /**
     * ARN of the IAM role that the operator assumes in that account.
     */
    roleARN: string;
  }[];
  /**
   * How the issuer's documents are published. Exactly one of cloudFront, s3 and external.
   */
  hosting: {
    /**
     * A private bucket behind a CloudFront distribution. In the partition aws only.
     */
    cloudFront?: {
      /**
       * DNS name of the distribution, for example irsa.abcl0.example.com, and with it the host of the issuer URL. Its records are made as dns says. At most 64 characters, because the alias is the common name of the certificate. When it changes, the former name is served too until no token carries it any more. Absent: the issuer URL is the distribution's own cloudfront.net name, which is known once the distribution is there.
       */
      alias?: string;
      /**
       * Whether the distribution's own name has an IAM OIDC provider too, beside that of the alias: Keep, for clusters whose tokens still carry that name, or Remove. With Keep, a CloudFront Function answers under the distribution's own URL with a discovery document that names that URL. Absent: Remove.
       */
      distributionProvider?: 'Keep' | 'Remove';
      /**
       * Where the records of the alias are: the one that points at the distribution, and the one by which ACM validates and renews the certificate. Exactly one of route53 and manual. When it changes, the former records stay until the issuer is deleted. Absent: the public hosted zone of the issuer's account with the longest matching name.
       */
      dns?: {
        /**
         * The operator makes the records in Route 53.
         */
        route53?: {
          /**
           * The AWS account of the hosted zone. Absent: the issuer's account.
           */
          account?: {
            /**
             * ARN of the IAM role that the operator assumes in that account.
             */
            roleARN: string;
          };
          /**
           * Id of the public hosted zone, for example Z0123456789ABCDEFGHIJ. It must hold the alias. Absent: the zone with the longest matching name.
           */
          hostedZoneID?: string;
        };
        /**
         * You make the records, wherever the zone is. status.dnsRecords says which, and the operator waits until DNS shows them.
         */
        manual?: {};
      };
    };
    /**
     * A bucket of which the public may read the two documents, at its path-style URL. For China, GovCloud and other partitions without CloudFront, and for clusters that began so.
     */
    s3?: {};
    /**
     * Somebody else hosts the issuer, for example EKS. The operator publishes nothing, and makes the IAM OIDC provider only if there is none. One that somebody else made is used as it is if it has the audiences, and never changed.
     */
    external?: {
      /**
       * The issuer URL exactly as the cluster's tokens carry it: https, no port, no query, and no slash at the end.
       */
      issuerURL: string;
    };
  };
  /**
   * The S3 bucket of the documents. Absent: a bucket with the default name.
   */
  bucket?: {
    /**
     * Name of the bucket. If it changes, the documents move there, and the URL stays; with s3 the URL changes too. No dots, because S3's TLS certificates cover no names with dots. Absent: a name made of the cluster, a hash, the account and the region, in the account's own bucket namespace if the region has such namespaces.
     */
    name?: string;
    /**
     * What happens to a bucket with a global name when the issuer is deleted or has moved to another bucket. Keep: the bucket is emptied and kept. Delete: it is deleted, and anybody may then take its name, and with it the issuer's URL. A bucket in the account's own bucket namespace is always deleted. Absent: Keep.
     */
    globalName?: 'Keep' | 'Delete';
  };
  /**
   * The source of the public keys that verify the cluster's service-account tokens. Exactly one of secretRef, generate and apiServer. Absent: only with hosting.external, which publishes no keys.
   */
  signingKeys?: {
    /**
     * A Secret's entry, in the issuer's namespace, with public keys or certificates in PEM, or with a key set in JSON (JWKS). An entry with a private key is refused.
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
     * An RSA key of 2048 bits that the operator makes, for the cluster's API server to sign with.
     */
    generate?: {
      /**
       * Name of the Secret in the issuer's namespace that holds the private key (entry key) and the public ones (entry pub). The next private key waits in its entry next.key. The Secret has no owner and is never deleted.
       */
      secretName: string;
      /**
       * Time after which a new key takes over, as a Go duration, for example 2160h. At least 168h, because a rotation takes days. Absent or 0s: only when the annotation irsa.giantswarm.io/rotate asks for it.
       */
      rotateEvery?: string;
    };
    /**
     * The keys that the cluster's API server publishes itself (/openid/v1/jwks), read through spec.cluster. The operator sees no private key.
     */
    apiServer?: {};
  };
  /**
   * How long a key stays published after it vanished from its source, as a Go duration, for example 49h. A former site drains as long. At least 25h, because tokens for AWS live up to 24h and STS keeps the keys that it fetched for a while. Absent: 25h.
   */
  keyRetention?: string;
  /**
   * How the operator reaches the cluster of the service accounts. Exactly one of kubeconfigSecretRef and inCluster. Absent: the cluster is neither read nor written.
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
     * The cluster that the operator itself runs in. Refused unless a Guardrail has issuers.inCluster.
     */
    inCluster?: {};
    /**
     * How pods get the token and the variables for AWS. Policy: by a MutatingAdmissionPolicy that the operator keeps in the cluster, for Kubernetes 1.36 and later, or 1.34 and 1.35 if it is switched on there. Webhook: by the pod identity webhook, which somebody else runs; the operator only looks whether it is there. None: in another way, so the operator does not look. Absent: Webhook.
     */
    podIdentity?: 'Policy' | 'Webhook' | 'None';
  };
  /**
   * The namespaces whose IAMServiceAccounts may refer to this issuer. Absent: means from: Same.
   */
  allowedNamespaces?: {
    /**
     * Same: only the issuer's own namespace. All: every namespace. Selector: the issuer's own namespace and those that selector matches. Absent: Same.
     */
    from: 'Same' | 'All' | 'Selector';
    /**
     * Labels that the namespaces must have; {} matches every namespace. Absent: only without from: Selector.
     */
    selector?: {
      /**
       * Labels and values that the namespace must have. Absent: any.
       */
      matchLabels?: {
        [k: string]: string;
      };
      /**
       * Further conditions on the labels, which must all hold. Absent: none.
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
   * Audiences that tokens for AWS carry, registered as client ids of the IAM OIDC provider. Absent: sts.amazonaws.com, and in China also sts.amazonaws.com.cn. One that you remove stays registered until it is taken away in IAM, because pods may carry tokens for it.
   */
  audiences?: string[];
  /**
   * Tags for everything that the issuer has on AWS, beside the operator's own. A Guardrail says which keys. At most 40, because AWS allows 50 and the operator keeps ten for itself. A tag that you remove here is removed on AWS too; tags that somebody else set there stay. Absent: only the operator's.
   */
  tags?: {
    [k: string]: string;
  };
  /**
   * What happens to everything on AWS when this object is deleted: Delete removes it, Retain leaves it as it is. Absent: Delete.
   */
  deletionPolicy: 'Delete' | 'Retain';
  /**
   * Whether the operator leaves this issuer alone, on AWS and in the cluster, until this is false again. Absent: false.
   */
  suspend: boolean;
}

/**
 * What the operator found and made. The operator can find all of it again on AWS.
 */
export interface OIDCIssuerStatus {
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
   * Policy: the operator may have a MutatingAdmissionPolicy in the cluster for this issuer, which it removes when the issuer does not ask for it any more. Absent: it has none.
   */
  podIdentity?: 'Policy';
  /**
   * The keys of the tags that spec.tags has or had, as far as they may be on AWS. Those that spec.tags no longer has are removed there. Absent: none.
   */
  tagKeys?: string[];
  /**
   * URL of the issuer, for the API server's --service-account-issuer. Absent: the spec was never accepted.
   */
  issuerURL?: string;
  /**
   * URL of the published keys, for the API server's --service-account-jwks-uri. Absent: the spec was never accepted.
   */
  jwksURI?: string;
  /**
   * The AWS account that hosts the issuer. Absent: the spec was never accepted.
   */
  accountID?: string;
  /**
   * The accounts beside the issuer's own that may have an IAM OIDC provider of this issuer: those of the spec, and those that it named before, until no provider is left there. Absent: none.
   */
  additionalAccounts?: {
    /**
     * The AWS account.
     */
    accountID: string;
    /**
     * Role that the operator assumes there.
     */
    roleARN: string;
  }[];
  /**
   * The IAM OIDC providers of this issuer. Absent: none.
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
     * The AWS account of the provider.
     */
    accountID: string;
    /**
     * Role that the operator assumes in that account. Absent: the operator's own credentials.
     */
    roleARN?: string;
    /**
     * The audiences that the provider accepts; roles that trust it require one of them. Those of spec.audiences come first. Absent: not known yet.
     */
    audiences?: string[];
    /**
     * Whether the operator made or adopted the provider, and so may change and delete it.
     */
    owned: boolean;
  }[];
  /**
   * The places where the issuer is published: the one that the spec asks for, and those that it asked for before, until they are retired. Absent: the spec was never accepted.
   */
  sites?: {
    /**
     * Issuer URL under which the site publishes. Empty until there is the distribution that gives the site its name.
     */
    url: string;
    /**
     * What stands behind the URL.
     */
    hosting: 'CloudFront' | 'S3' | 'External';
    /**
     * Current: the site that the spec asks for. Serving: a former site, whose URL the cluster's new tokens still carry. Draining: new tokens carry another URL, and those that were issued before still count. Retiring: no role trusts the URL any more, and what stands behind it is removed.
     */
    phase: 'Current' | 'Serving' | 'Draining' | 'Retiring';
    /**
     * When the phase began.
     */
    since: string;
    /**
     * The bucket that the documents are served from. Absent: somebody else hosts them.
     */
    bucket?: {
      /**
       * Name of the bucket.
       */
      name: string;
      /**
       * The folder of the documents, for example /irsa.abcl0.example.com. Absent: they are not in a folder.
       */
      path?: string;
      /**
       * Whether the operator made the bucket or found it to be its own. False before that.
       */
      owned: boolean;
      /**
       * When the spec first named the bucket. Absent: the site began in it.
       */
      since?: string;
    };
    /**
     * The bucket to which the documents move, because the spec names it. The distribution reads the former one until this one holds the documents. Absent: they stay where they are.
     */
    nextBucket?: {
      /**
       * Name of the bucket.
       */
      name: string;
      /**
       * The folder of the documents, for example /irsa.abcl0.example.com. Absent: they are not in a folder.
       */
      path?: string;
      /**
       * Whether the operator made the bucket or found it to be its own. False before that.
       */
      owned: boolean;
      /**
       * When the spec first named the bucket. Absent: the site began in it.
       */
      since?: string;
      /**
       * Whether the documents are in the bucket and the distribution may read it. Then the distribution changes over to it. Absent: not yet.
       */
      filled?: boolean;
    };
    /**
     * Buckets that the documents moved away from. They hold the documents until CloudFront reads another bucket at every edge, and then they are emptied and deleted, or kept if they have a global name. Absent: there is none.
     */
    formerBuckets?: {
      /**
       * Name of the bucket.
       */
      name: string;
      /**
       * The folder of the documents, for example /irsa.abcl0.example.com. Absent: they are not in a folder.
       */
      path?: string;
      /**
       * Whether the operator made the bucket or found it to be its own. False before that.
       */
      owned: boolean;
      /**
       * When the spec first named the bucket. Absent: the site began in it.
       */
      since?: string;
    }[];
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
       * The distribution's own name under cloudfront.net.
       */
      domainName: string;
      /**
       * CloudFront's status of the distribution, for example InProgress or Deployed.
       */
      state: string;
    };
    /**
     * Name of the CloudFront Function that answers under the distribution's own URL with a discovery document that names that URL. Absent: there is none, because only the alias is registered.
     */
    function?: string;
    /**
     * The ACM certificate of the alias. Absent: there is none yet.
     */
    certificate?: {
      /**
       * ARN of the certificate.
       */
      arn: string;
      /**
       * ACM's status of the certificate, for example PENDING_VALIDATION or ISSUED.
       */
      state: string;
      /**
       * When the certificate expires. Absent: it is not issued yet.
       */
      notAfter?: string;
      /**
       * ARN of the certificate that takes the place of this one, which ACM does not renew, once ACM has issued it. Absent: none was requested.
       */
      successor?: string;
    };
    /**
     * Where the records of the alias are. Absent: there is no alias.
     */
    dns?: {
      /**
       * Who makes the records now. Route53: the operator, in Route 53. Manual: somebody else.
       */
      keeper: 'Route53' | 'Manual';
      /**
       * Where the operator may have made records, which go with the site. The first one is where it makes them now, if the keeper is Route53. Absent: nowhere.
       */
      places?: {
        /**
         * The AWS account of the hosted zone.
         */
        accountID: string;
        /**
         * Role that the operator assumes in that account. Absent: as for the issuer itself.
         */
        roleARN?: string;
        /**
         * Id of the hosted zone that the spec named. Absent: it named none.
         */
        hostedZoneID?: string;
      }[];
    };
    /**
     * Whether IAM ever had a provider of the URL. Absent: never, so nobody used the site.
     */
    registered?: boolean;
    /**
     * The annotation irsa.giantswarm.io/migrated named the URL already when the site became the current one. It counts again once it was taken away. Absent: it did not.
     */
    staleAnnotation?: boolean;
    /**
     * ARNs of IAM roles that the operator did not make and that trust the URL. They hold the retirement of the site. At most 20 are listed. Absent: none is known.
     */
    trustedBy?: string[];
  }[];
  /**
   * The DNS records of the alias that the issuer needs, as far as they are known. With dns.manual, you make and keep them. Absent: none is known.
   */
  dnsRecords?: {
    /**
     * Name of the record.
     */
    name: string;
    /**
     * CNAME, or A and AAAA for records in Route 53 that are an alias of the distribution.
     */
    type: string;
    /**
     * What the record points at.
     */
    value: string;
    /**
     * Whether the record was there when the operator last looked.
     */
    present: boolean;
  }[];
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
     * When the key was first missing from its source. Absent: the source has the key, or no source of ours ever had it.
     */
    missingSince?: string;
  }[];
  /**
   * The rotation of a generated key that is under way. Absent: none is.
   */
  rotation?: {
    /**
     * Publishing: the next key is being published. AwaitingPromotion: it is, and API servers may not sign with it yet. AwaitingRetirement: API servers are to sign with it, and some may not do so yet. Retiring: all do, and tokens that the former key signed still count.
     */
    stage: 'Publishing' | 'AwaitingPromotion' | 'AwaitingRetirement' | 'Retiring';
    /**
     * When the stage began.
     */
    since: string;
    /**
     * Key id of the key that takes over.
     */
    kid: string;
    /**
     * Since when each look found the key in the key set of the cluster's API server. Absent: the last look did not, or there was none.
     */
    listedSince?: string;
    /**
     * Since when each token that the cluster issued to the operator was signed with the key. Absent: one of the last look was not, or there was none yet.
     */
    signedSince?: string;
  };
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
