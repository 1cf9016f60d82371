/** The parts of Kubernetes' ObjectMeta that we read. */
export interface ObjectMeta {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly resourceVersion: string;
  /** Counts changes of the spec. Kinds without a spec (ConfigMap, Secret) have none. */
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly finalizers?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Who wrote which field last. https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management */
  readonly managedFields?: readonly ManagedFields[];
}

export interface ManagedFields {
  readonly manager?: string;
  readonly operation?: 'Apply' | 'Update';
  readonly fieldsV1?: Readonly<Record<string, unknown>> & {
    readonly 'f:metadata'?: {
      readonly 'f:annotations'?: Readonly<Record<string, unknown>>;
      readonly 'f:labels'?: Readonly<Record<string, unknown>>;
    };
  };
}

export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
}

/** metav1.Condition: https://github.com/kubernetes/enhancements/tree/master/keps/sig-api-machinery/1623-standardize-conditions */
export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
  readonly lastTransitionTime: string;
  readonly observedGeneration?: number;
}

/** What every kind of ours has, whatever its spec says. */
export interface ManagedObject extends KubernetesObject {
  readonly spec: { readonly suspend?: boolean; readonly deletionPolicy?: 'Delete' | 'Retain' };
  readonly status?: ManagedStatus;
}

export interface ManagedStatus {
  observedGeneration?: number;
  /** What a pass would change. Only while the object asks for a plan. */
  plan?: string[];
  /** The value of the annotation reconcile-at, as of the last pass. */
  lastHandledReconcileAt?: string;
  conditions?: Condition[];
}
