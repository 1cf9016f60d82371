import type { AWSCluster } from '../../api/aws-cluster.ts';
import { findCondition, isTrue } from '../../api/conditions.ts';
import type { OIDCIssuer } from '../../api/kinds.ts';
import type { KubernetesObject } from '../../api/meta.ts';
import { annotations, awsClusterGroupLabel, awsClusterLabel, finalizer } from '../../api/names.ts';
import { type NamespacedName, oidcIssuers } from '../../api/resources.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { EventRecorder, EventText } from '../../runtime/events.ts';
import type { DesiredObject, KubeClient } from '../../runtime/kube-client.ts';
import { isConflict, isInvalid, isNotFound } from '../../runtime/kube-error.ts';
import { Memory } from '../../runtime/memory.ts';
import type { Reconcile, Result } from '../../runtime/reconciler.ts';
import type { Intervals } from '../settings.ts';
import { isApplied } from './difference.ts';
import { findCluster } from './find-cluster.ts';
import { finalizersOfOthers, handOver, isLookedAfter } from './older-operator.ts';
import { ensureOutput } from './output.ts';
import { type Source, warning } from './source.ts';

export interface AwsClusterDependencies {
  readonly kube: KubeClient;
  readonly events: EventRecorder;
  readonly intervals: Intervals;
  readonly clock: Clock;
}

/**
 * Makes an OIDCIssuer of the same name for an AWSCluster that opts in. It deletes the issuer only when the AWSCluster is deleted:
 * a running cluster must not lose its identity to a moved, paused or vanished object.
 */
export class AwsClusterReconciler {
  readonly #source: Source;
  readonly #dependencies: AwsClusterDependencies;
  /** By the UID of the AWSCluster: what it waits for. */
  readonly #memories = new Map<string, Memory>();
  /** By the UID of the AWSCluster: the URL of which it was told that it is ready. */
  readonly #ready = new Map<string, string>();

  constructor(source: Source, dependencies: AwsClusterDependencies) {
    this.#source = source;
    this.#dependencies = dependencies;
  }

  readonly #isOurs = ({ metadata }: OIDCIssuer): boolean =>
    metadata.labels?.[awsClusterLabel] === metadata.name &&
    metadata.labels[awsClusterGroupLabel] === this.#source.resource.group;

  readonly reconcile: Reconcile = async (ref) => {
    const { kube, intervals } = this.#dependencies;
    try {
      const cluster = await kube.find<AWSCluster>(this.#source.resource, ref);
      const issuer = await kube.find<OIDCIssuer>(oidcIssuers, ref);
      if (!cluster) return this.#vanished(ref, issuer);
      if (cluster.metadata.deletionTimestamp !== undefined) return await this.#delete(cluster, issuer);
      if (isMoving(cluster) || (await this.#isPaused(cluster))) return { requeueAfter: intervals.resync };
      return await this.#provision(cluster, issuer);
    } catch (error) {
      // These errors come from writes to the AWSCluster or the issuer: it is gone, or it changed since it was read.
      if (isNotFound(error)) return {};
      if (isConflict(error)) return { failed: true };
      throw error;
    }
  };

  async #provision(cluster: AWSCluster, issuer: OIDCIssuer | undefined): Promise<Result> {
    const { intervals } = this.#dependencies;
    const derivation = await this.#source.derive(cluster);
    switch (derivation.state) {
      case 'notOptedIn':
        if (issuer && this.#isOurs(issuer)) {
          const message = `annotation ${annotations.optIn} is gone; OIDCIssuer ${issuer.metadata.name} stays: delete it yourself if it is not needed any more`;
          return this.#wait(cluster, warning('OptInRemoved', message));
        }
        await this.#releaseUnused(cluster);
        return {};
      case 'waiting':
        return this.#wait(cluster, derivation.event, derivation.soon ? intervals.missing : undefined);
      case 'issuer':
        break;
    }
    if (issuer && !this.#isOurs(issuer)) {
      const message = `OIDCIssuer ${issuer.metadata.name} exists without this AWSCluster's labels: it is somebody else's and is not changed`;
      return this.#wait(cluster, warning('IssuerNotOwned', message));
    }
    if (issuer?.metadata.deletionTimestamp !== undefined) {
      const message = `OIDCIssuer ${issuer.metadata.name} is being deleted: it is made anew when it is gone`;
      return this.#wait(cluster, { type: 'Normal', reason: 'DeletionWaits', message }, intervals.missing);
    }
    if (isLookedAfter(cluster)) {
      const message = `the older irsa-operator looks after this cluster: annotate it with ${annotations.adopt}=true and ${annotations.pauseOlder}=true, as docs/taking-over.md says`;
      if (!issuer) await this.#releaseUnused(cluster);
      return this.#wait(cluster, warning('OlderOperatorRuns', message));
    }
    await this.#addFinalizer(cluster);
    const { desired } = derivation;
    const refusal = isApplied(desired, issuer) ? undefined : await this.#apply(desired);
    if (refusal) return this.#wait(cluster, refusal);
    if (issuer) await this.#report(cluster, issuer);
    // While the finalizer was just added, the version that was read is an old one.
    const isReady = issuer !== undefined && isTrue(issuer.status?.conditions, 'Ready');
    if (isReady && cluster.metadata.finalizers?.includes(finalizer)) {
      await handOver(this.#dependencies.kube, this.#source.resource, cluster);
    }
    return this.#rest(cluster);
  }

  /** Returns what the API server says if it will never take it. */
  async #apply(desired: DesiredObject): Promise<EventText | undefined> {
    try {
      await this.#dependencies.kube.apply(oidcIssuers, desired, { force: true });
      return undefined;
    } catch (error) {
      if (!isInvalid(error)) throw error;
      return warning('IssuerRefused', `the OIDCIssuer is refused: ${error.message}`);
    }
  }

  async #report(cluster: AWSCluster, issuer: OIDCIssuer): Promise<void> {
    await ensureOutput(this.#dependencies.kube, this.#source.output, issuer);
    const { uid } = cluster.metadata;
    const { issuerURL = '' } = issuer.status ?? {};
    if (!isTrue(issuer.status?.conditions, 'Ready') || this.#ready.get(uid) === issuerURL) return;
    this.#ready.set(uid, issuerURL);
    const message = `OIDCIssuer ${issuer.metadata.name} is ready: ${issuerURL}`;
    this.#dependencies.events.record(cluster, { type: 'Normal', reason: 'IssuerReady', message });
  }

  /** `clusterctl move` deletes the source because the cluster lives on elsewhere. A paused cluster waits. */
  async #delete(cluster: AWSCluster, issuer: OIDCIssuer | undefined): Promise<Result> {
    const { kube, intervals } = this.#dependencies;
    if (!cluster.metadata.finalizers?.includes(finalizer)) return {};
    const moved = isMoving(cluster);
    if (!moved && (await this.#isPaused(cluster))) {
      const message = 'the deletion waits while the cluster is paused';
      return this.#wait(cluster, { type: 'Normal', reason: 'DeletionPaused', message });
    }
    if (moved || !issuer || !this.#isOurs(issuer)) return this.#removeFinalizer(cluster);
    // Never overwrites "false", by which somebody keeps the issuer as long as it is in use.
    if (issuer.metadata.annotations?.[annotations.allowDeletion] === undefined) await this.#allowDeletion(issuer);
    if (issuer.metadata.deletionTimestamp === undefined) {
      await kube.delete(oidcIssuers, issuer.metadata, { uid: issuer.metadata.uid });
      return { requeueAfter: intervals.dependents };
    }
    const held = findCondition(issuer.status?.conditions, 'Ready')?.message ?? '';
    const message = `the deletion waits for OIDCIssuer ${issuer.metadata.name}: ${held}`;
    return this.#wait(cluster, { type: 'Normal', reason: 'DeletionWaits', message }, intervals.dependents);
  }

  /** The cluster goes, and its pods with it. The resourceVersion makes sure that this is the object that was read. */
  async #allowDeletion({ metadata }: OIDCIssuer): Promise<void> {
    const { resourceVersion } = metadata;
    const body = { metadata: { resourceVersion, annotations: { [annotations.allowDeletion]: 'AWSCluster deleted' } } };
    await this.#dependencies.kube.patch(oidcIssuers, metadata, body);
  }

  #vanished(ref: NamespacedName, issuer: OIDCIssuer | undefined): Result {
    if (!issuer || !this.#isOurs(issuer) || issuer.metadata.deletionTimestamp !== undefined) return {};
    const message = `AWSCluster ${ref.name} is gone without having been deleted here: nothing is deleted on AWS; delete this OIDCIssuer if the cluster no longer exists`;
    return this.#wait(issuer, warning('AWSClusterVanished', message));
  }

  async #isPaused(awsCluster: AWSCluster): Promise<boolean> {
    if (awsCluster.metadata.annotations?.[annotations.paused] !== undefined) return true;
    const cluster = await findCluster(this.#dependencies.kube, awsCluster);
    return cluster?.spec?.paused ?? false;
  }

  async #addFinalizer({ metadata }: AWSCluster): Promise<void> {
    const { resourceVersion, finalizers = [] } = metadata;
    if (finalizers.includes(finalizer)) return;
    const body = { metadata: { resourceVersion, finalizers: [...finalizers, finalizer] } };
    await this.#dependencies.kube.patch(this.#source.resource, metadata, body);
  }

  /** No issuer is made of it, so its deletion has nothing to wait for: by then this operator may be uninstalled. */
  async #releaseUnused({ metadata }: AWSCluster): Promise<void> {
    const { resourceVersion, finalizers = [] } = metadata;
    if (!finalizers.includes(finalizer)) return;
    const body = { metadata: { resourceVersion, finalizers: finalizers.filter((name) => name !== finalizer) } };
    await this.#dependencies.kube.patch(this.#source.resource, metadata, body);
  }

  async #removeFinalizer(cluster: AWSCluster): Promise<Result> {
    const { kube } = this.#dependencies;
    const { metadata } = cluster;
    const { resourceVersion } = metadata;
    const finalizers = await finalizersOfOthers(kube, cluster);
    await kube.patch(this.#source.resource, metadata, { metadata: { resourceVersion, finalizers } });
    for (const map of [this.#memories, this.#ready]) map.delete(metadata.uid);
    return {};
  }

  /** Whatever it waits for is looked at again, and the recorder repeats its event each hour. `first`: milliseconds; absent: the resync. */
  #wait(regarding: KubernetesObject, event: EventText, first?: number): Result {
    const { clock, events, intervals } = this.#dependencies;
    const { uid } = regarding.metadata;
    events.record(regarding, event);
    const memory = this.#memories.get(uid) ?? new Memory(uid);
    this.#memories.set(uid, memory);
    const wait = { reason: event.reason, message: event.message, ...(first !== undefined && { requeueAfter: first }) };
    const times = { now: clock.elapsed(), resync: intervals.resync };
    return { requeueAfter: memory.wait(regarding, [wait], times) };
  }

  #rest({ metadata }: AWSCluster): Result {
    this.#memories.delete(metadata.uid);
    return { requeueAfter: this.#dependencies.intervals.resync };
  }
}

const isMoving = ({ metadata }: AWSCluster) => metadata.annotations?.[annotations.deleteForMove] !== undefined;
