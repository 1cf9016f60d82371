import type { AWSCluster, Cluster } from '../../api/aws-cluster.ts';
import { findCondition, isTrue } from '../../api/conditions.ts';
import type { OIDCIssuer } from '../../api/kinds.ts';
import type { KubernetesObject } from '../../api/meta.ts';
import { annotations, awsClusterLabel, finalizer, labels } from '../../api/names.ts';
import { awsClusters, clusters, type NamespacedName, oidcIssuers, olderClusters } from '../../api/resources.ts';
import type { EventRecorder } from '../../runtime/events.ts';
import type { DesiredObject, KubeClient } from '../../runtime/kube-client.ts';
import { isConflict, isNotFound, KubeError } from '../../runtime/kube-error.ts';
import type { Reconcile, Result } from '../../runtime/reconciler.ts';
import type { Secrets } from '../../runtime/secrets.ts';
import type { Intervals } from '../settings.ts';
import { secretsForbidden } from '../secret-permissions.ts';
import { ensureConfigMap } from './config-map.ts';
import { accountOf, derivedIssuer, derivationOf } from './derive-issuer.ts';
import { isApplied } from './difference.ts';

/** The entry of the credential Secret with the role to assume. */
const roleEntry = 'aws.awsoperator.arn';

export interface AwsClusterDependencies {
  readonly kube: KubeClient;
  readonly secrets: Secrets;
  readonly events: EventRecorder;
  readonly intervals: Intervals;
}

/**
 * Makes an OIDCIssuer of the same name for an AWSCluster that opts in. It deletes the issuer only when the AWSCluster is deleted:
 * a running cluster must not lose its identity to a moved, paused or vanished object.
 */
export class AwsClusterReconciler {
  readonly #dependencies: AwsClusterDependencies;
  /** The last event about each cluster, so that each is sent once. */
  readonly #told = new Map<string, string>();

  constructor(dependencies: AwsClusterDependencies) {
    this.#dependencies = dependencies;
  }

  readonly reconcile: Reconcile = async (ref) => {
    const { kube, intervals } = this.#dependencies;
    try {
      const cluster = await kube.find<AWSCluster>(awsClusters, ref);
      const issuer = await kube.find<OIDCIssuer>(oidcIssuers, ref);
      if (!cluster) return this.#vanished(ref, issuer);
      if (cluster.metadata.deletionTimestamp !== undefined) return await this.#delete(cluster, issuer);
      if (isMoving(cluster) || (await this.#isPaused(cluster))) return { requeueAfter: intervals.resync };
      return await this.#provision(cluster, issuer);
    } catch (error) {
      // These errors come from writes to the AWSCluster or the issuer: it is gone, or it changed since it was read.
      if (isNotFound(error)) return {};
      if (isConflict(error)) return { requeueAfter: 0 };
      throw error;
    }
  };

  async #provision(cluster: AWSCluster, issuer: OIDCIssuer | undefined): Promise<Result> {
    const { intervals } = this.#dependencies;
    const derivation = derivationOf(cluster);
    switch (derivation.state) {
      case 'notOptedIn':
        if (issuer && isOurs(issuer)) {
          const message = `annotation ${annotations.optIn} is gone; OIDCIssuer ${issuer.metadata.name} stays: delete it yourself if it is not needed any more`;
          this.#tell(cluster, { type: 'Warning', reason: 'OptInRemoved', message });
        }
        return {};
      case 'notSupported':
        this.#tell(cluster, { type: 'Warning', reason: 'ReleaseNotSupported', message: derivation.message });
        return {};
      case 'incomplete':
        this.#tell(cluster, { type: 'Warning', reason: 'Incomplete', message: derivation.message });
        return {};
      case 'issuer':
        break;
    }
    if (issuer && !isOurs(issuer)) {
      const message = `OIDCIssuer ${issuer.metadata.name} exists without label ${awsClusterLabel}: it is somebody else's and is not changed`;
      this.#tell(cluster, { type: 'Warning', reason: 'IssuerNotOwned', message });
      return {};
    }
    if (issuer?.metadata.deletionTimestamp !== undefined) return { requeueAfter: intervals.missing };
    const account = await this.#account(cluster);
    if (!account) return { requeueAfter: intervals.missing };
    await this.#addFinalizer(cluster);
    const desired = derivedIssuer(cluster, derivation, account);
    if (!isApplied(desired, issuer) && !(await this.#apply(cluster, desired))) return {};
    if (issuer) await this.#report(cluster, issuer);
    return { requeueAfter: intervals.resync };
  }

  /** False if the API server will never take it. Then only a change of the AWSCluster helps. */
  async #apply(cluster: AWSCluster, desired: DesiredObject): Promise<boolean> {
    try {
      await this.#dependencies.kube.apply(oidcIssuers, desired, { force: true });
      return true;
    } catch (error) {
      if (!isInvalid(error)) throw error;
      const message = `the OIDCIssuer is refused: ${error.message}`;
      this.#tell(cluster, { type: 'Warning', reason: 'IssuerRefused', message });
      return false;
    }
  }

  async #report(cluster: AWSCluster, issuer: OIDCIssuer): Promise<void> {
    await ensureConfigMap(this.#dependencies.kube, issuer);
    if (!isTrue(issuer.status?.conditions, 'Ready')) return;
    const message = `OIDCIssuer ${issuer.metadata.name} is ready: ${issuer.status?.issuerURL ?? ''}`;
    this.#tell(cluster, { type: 'Normal', reason: 'IssuerReady', message });
  }

  /** `clusterctl move` deletes the source because the cluster lives on elsewhere. A paused cluster waits. */
  async #delete(cluster: AWSCluster, issuer: OIDCIssuer | undefined): Promise<Result> {
    const { kube, intervals } = this.#dependencies;
    if (!cluster.metadata.finalizers?.includes(finalizer)) return {};
    const moved = isMoving(cluster);
    if (!moved && (await this.#isPaused(cluster))) {
      this.#tell(cluster, {
        type: 'Normal',
        reason: 'DeletionPaused',
        message: 'the deletion waits while the cluster is paused',
      });
      return { requeueAfter: intervals.resync };
    }
    if (moved || !issuer || !isOurs(issuer)) return this.#removeFinalizer(cluster);
    // Never overwrites "false", by which somebody keeps the issuer as long as it is in use.
    if (issuer.metadata.annotations?.[annotations.allowDeletion] === undefined) await this.#allowDeletion(issuer);
    if (issuer.metadata.deletionTimestamp === undefined) {
      await kube.delete(oidcIssuers, issuer.metadata, { uid: issuer.metadata.uid });
    } else {
      const held = findCondition(issuer.status?.conditions, 'Ready')?.message ?? '';
      const message = `the deletion waits for OIDCIssuer ${issuer.metadata.name}: ${held}`;
      this.#tell(cluster, { type: 'Normal', reason: 'DeletionWaits', message });
    }
    return { requeueAfter: intervals.dependents };
  }

  /** The cluster goes, and its pods with it. The resourceVersion makes sure that this is the object that was read. */
  async #allowDeletion({ metadata }: OIDCIssuer): Promise<void> {
    const { resourceVersion } = metadata;
    const body = { metadata: { resourceVersion, annotations: { [annotations.allowDeletion]: 'AWSCluster deleted' } } };
    await this.#dependencies.kube.patch(oidcIssuers, metadata, body);
  }

  #vanished(ref: NamespacedName, issuer: OIDCIssuer | undefined): Result {
    if (issuer && isOurs(issuer) && issuer.metadata.deletionTimestamp === undefined) {
      const message = `AWSCluster ${ref.name} is gone without having been deleted here: nothing is deleted on AWS; delete this OIDCIssuer if the cluster no longer exists`;
      this.#tell(issuer, { type: 'Warning', reason: 'AWSClusterVanished', message });
    }
    return {};
  }

  async #isPaused({ metadata }: AWSCluster): Promise<boolean> {
    if (metadata.annotations?.[annotations.paused] !== undefined) return true;
    const name = metadata.labels?.[labels.clusterName] ?? metadata.name;
    const { kube } = this.#dependencies;
    const ref = { namespace: metadata.namespace, name };
    // For a version that is not served, the answer is the same as for an object that does not exist.
    const cluster = (await kube.find<Cluster>(clusters, ref)) ?? (await kube.find<Cluster>(olderClusters, ref));
    return cluster?.spec?.paused ?? false;
  }

  /** The role that the operator assumes for this cluster. Undefined, with an event, if nothing names the role. */
  async #account(cluster: AWSCluster): Promise<{ roleARN: string; accountID: string } | undefined> {
    const { name, namespace } = cluster.spec?.provider?.credentialSecret ?? {};
    if (!name || !namespace) {
      const message = 'spec.provider.credentialSecret has no name and namespace';
      return this.#tell(cluster, { type: 'Warning', reason: 'Incomplete', message });
    }
    const entry = await this.#dependencies.secrets.entry({ namespace, name }, roleEntry);
    if (entry.state === 'forbidden') {
      const message = secretsForbidden(`read Secret ${namespace}/${name}`, namespace);
      return this.#tell(cluster, { type: 'Warning', reason: 'SecretForbidden', message });
    }
    if (entry.state !== 'found') {
      const message = `Secret ${namespace}/${name} or its entry ${roleEntry} does not exist`;
      return this.#tell(cluster, { type: 'Warning', reason: 'SecretNotFound', message });
    }
    const roleARN = entry.value.trim();
    const accountID = accountOf(roleARN);
    if (accountID !== undefined) return { roleARN, accountID };
    const message = `entry ${roleEntry} of Secret ${namespace}/${name} is not the ARN of an IAM role`;
    return this.#tell(cluster, { type: 'Warning', reason: 'InvalidCredentialSecret', message });
  }

  async #addFinalizer({ metadata }: AWSCluster): Promise<void> {
    const { resourceVersion, finalizers = [] } = metadata;
    if (finalizers.includes(finalizer)) return;
    const body = { metadata: { resourceVersion, finalizers: [...finalizers, finalizer] } };
    await this.#dependencies.kube.patch(awsClusters, metadata, body);
  }

  async #removeFinalizer({ metadata }: AWSCluster): Promise<Result> {
    const { resourceVersion, finalizers = [] } = metadata;
    const others = finalizers.filter((name) => name !== finalizer);
    await this.#dependencies.kube.patch(awsClusters, metadata, { metadata: { resourceVersion, finalizers: others } });
    this.#told.delete(metadata.uid);
    return {};
  }

  #tell(regarding: KubernetesObject, event: Parameters<EventRecorder['record']>[1]): undefined {
    if (this.#told.get(regarding.metadata.uid) === event.message) return;
    this.#told.set(regarding.metadata.uid, event.message);
    this.#dependencies.events.record(regarding, event);
  }
}

const isMoving = ({ metadata }: AWSCluster) => metadata.annotations?.[annotations.deleteForMove] !== undefined;
const isOurs = ({ metadata }: OIDCIssuer) => metadata.labels?.[awsClusterLabel] === metadata.name;
const isInvalid = (error: unknown): error is KubeError => error instanceof KubeError && error.status === 422;
