/** How soon a step looks again at something that takes its own time, in milliseconds. Minutes in production, parts of a second in demo and tests. */
export interface Intervals {
  /** ACM telling the validation record, and issuing. */
  readonly certificate: number;
  /** CloudFront deploying, disabling. */
  readonly distribution: number;
  /** Route 53 reaching INSYNC. */
  readonly dns: number;
  /** The documents being served as written. */
  readonly documents: number;
  /** IAMServiceAccounts dropping their trust in an issuer that is going away. */
  readonly dependents: number;
  /** A service account or a Secret that is not there yet; a role that not all of IAM knows yet. */
  readonly missing: number;
  /**
   * IAM and ACM knowing everywhere what was just made: what is not found within this time may be there all the same.
   * https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
   */
  readonly propagation: number;
  /** STS and others knowing a key that was published, before anything is signed with it. AWS does not say how long STS keeps the keys that it fetched. */
  readonly keyCache: number;
  /** Another look at an object with which all is well. */
  readonly resync: number;
}

/** The operator's own configuration, as far as controllers decide by it. */
export interface Settings {
  /** Unique among operators that share AWS accounts. Part of names and tags: it can never change. */
  readonly installation: string;
  /** The UID of namespace kube-system in the cluster that the operator runs in. Part of tags. */
  readonly home: string;
  /** The homes that were moved or restored to here: what their operator made counts as ours. */
  readonly takeOver: readonly string[];
  readonly intervals: Intervals;
  readonly issuerCheck: {
    /** `Skip`: the operator does not look at what is served under an issuer's URL, and leaves that to IAM. */
    readonly mode: 'Required' | 'Skip';
  };
}
