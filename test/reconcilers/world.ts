import type { ManagedObject, ManagedStatus } from '../../src/api/meta.ts';
import { iamServiceAccounts, mutatingWebhookConfigurations, oidcIssuers, secrets } from '../../src/api/resources.ts';
import type { Admission } from '../../src/controllers/admission.ts';
import { nameClaimIndex } from '../../src/controllers/name-claims.ts';
import { claimIndex, issuerIndex, roleNameIndex } from '../../src/controllers/references.ts';
import type { Settings } from '../../src/controllers/settings.ts';
import type { Definition } from '../../src/runtime/definition.ts';
import { hours, minutes, seconds } from '../../src/runtime/duration.ts';
import type { EventRecorder, EventText } from '../../src/runtime/events.ts';
import type { KubeClient } from '../../src/runtime/kube-client.ts';
import { ObjectReconciler, type PassObserver } from '../../src/runtime/object-reconciler.ts';
import type { NamespacedName } from '../../src/api/resources.ts';
import type { Result, Turn } from '../../src/runtime/reconciler.ts';
import { KubeSecrets, type Secrets } from '../../src/runtime/secrets.ts';
import { InvalidKubeconfigError, type WorkloadClusters } from '../../src/runtime/workload-clusters.ts';
import { FakeAws } from '../fakes/aws/fake-aws.ts';
import { FakeClock } from '../fakes/clock.ts';
import { FakeKube } from '../fakes/kube.ts';
import { lookupIn } from '../fakes/lookup.ts';
import { FakeLogger } from '../fakes/logger.ts';
import { turn } from '../fakes/turn.ts';

export interface Said extends EventText {
  /** `Kind/namespace/name` */
  readonly about: string;
}

/** A management cluster, a workload cluster and AWS, all in memory, with one operator's worth of settings. */
export class World {
  readonly clock = new FakeClock();
  readonly kube = new FakeKube(this.clock);
  /** The workload cluster, reached by the kubeconfig that is its name. */
  readonly workload = new FakeKube(this.clock);
  readonly kubeconfig = 'kubeconfig of the workload cluster';
  /** By kubeconfig. A test may add another one. */
  readonly workloads = new Map([[this.kubeconfig, this.workload]]);
  readonly aws = new FakeAws({ now: () => this.clock.now().getTime() });
  accounts = this.aws.accounts();
  readonly logger = new FakeLogger();
  readonly said: Said[] = [];
  /** A test may move the operator to another home. */
  readonly settings: { -readonly [setting in keyof Settings]: Settings[setting] } = {
    installation: 'test',
    home: 'home-of-test',
    takeOver: [],
    intervals: {
      certificate: minutes(1),
      distribution: minutes(1),
      dns: seconds(10),
      documents: seconds(10),
      dependents: seconds(10),
      missing: seconds(30),
      propagation: minutes(1),
      keyCache: hours(24),
      resync: minutes(5),
    },
    issuerCheck: { mode: 'Required' },
  };

  /** What the Guardrails say; a test may put another in its place. */
  readonly admission: { -readonly [question in keyof Admission]: Admission[question] } = {
    issuer: () => ({ allowed: true, guardrail: 'everything' }),
    role: () => ({ allowed: true, guardrail: 'everything' }),
  };

  /** A test may put another answer in its place, for all passes. */
  readonly secrets: Secrets = Object.assign(new KubeSecrets(this.kube), { during: () => this.secrets });

  readonly ownCluster: { follow(place: string): void } = { follow: () => {} };

  readonly workloadClusters: WorkloadClusters = {
    connect: (kubeconfig): KubeClient => {
      const cluster = this.workloads.get(kubeconfig);
      if (cluster) return cluster;
      throw new InvalidKubeconfigError(`the kubeconfig is ${kubeconfig}`);
    },
  };

  readonly issuers = lookupIn(this.kube, oidcIssuers, issuerIndex);
  readonly names = lookupIn(this.kube, oidcIssuers, nameClaimIndex);
  readonly claims = lookupIn(this.kube, iamServiceAccounts, claimIndex);
  readonly roleNames = lookupIn(this.kube, iamServiceAccounts, roleNameIndex);

  readonly #events: EventRecorder = {
    record: ({ kind, metadata }, event) => {
      this.said.push({ ...event, about: `${kind}/${metadata.namespace}/${metadata.name}` });
    },
  };

  constructor() {
    for (const kube of [this.kube, this.workload]) kube.seed(mutatingWebhookConfigurations, podIdentityWebhook);
  }

  seedSecret(name: string, data: Readonly<Record<string, string>>, namespace = 'default'): void {
    const encoded = Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]);
    this.kube.seed(secrets, { metadata: { namespace, name }, data: Object.fromEntries(encoded) });
  }

  /** One pass over one object, as the work queue would make it. */
  runner<O extends ManagedObject, S extends ManagedStatus, C, R>(
    definition: Definition<O, S, C, R>,
    observer?: PassObserver<S>,
  ) {
    const reconciler = new ObjectReconciler({
      definition,
      client: this.kube,
      events: this.#events,
      clock: this.clock,
      logger: this.logger,
      resync: this.settings.intervals.resync,
      random: () => 0.5,
      ...(observer && { observer }),
    });
    return (ref: NamespacedName, change: Partial<Turn> = {}): Promise<Result> =>
      reconciler.reconcile(ref, { ...turn(), ...change });
  }

  /** Forgets what was read, written and said so far, so that a test counts only what comes. */
  forget(): void {
    for (const kube of [this.kube, ...this.workloads.values()]) {
      kube.writes.length = 0;
      kube.reads.length = 0;
    }
    this.aws.forgetCalls();
    this.said.length = 0;
  }
}

/** Both clusters have the pod identity webhook, as most do. */
export const podIdentityWebhook = {
  metadata: { namespace: '', name: 'pod-identity-webhook' },
  webhooks: [{ name: 'pod-identity-webhook.amazonaws.com', rules: [{ operations: ['CREATE'], resources: ['pods'] }] }],
};
