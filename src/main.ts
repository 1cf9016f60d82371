import { hostname } from 'node:os';
import type { AWSCluster } from './api/aws-cluster.ts';
import type { Guardrail, IAMServiceAccount, OIDCIssuer } from './api/kinds.ts';
import type { KubernetesObject, ManagedObject, ManagedStatus } from './api/meta.ts';
import {
  guardrails,
  iamServiceAccounts,
  namespaces,
  oidcIssuers,
  serviceAccountMetadata,
  type NamespacedName,
  type Resource,
} from './api/resources.ts';
import { AwsAccounts } from './aws/accounts.ts';
import { SdkClients } from './aws/clients.ts';
import { isSilence } from './aws/errors.ts';
import { withRates } from './aws/limits.ts';
import { partitionOf } from './aws/partitions.ts';
import { ConfigError, loadConfig, type Config } from './config.ts';
import { ClusterApiSource } from './controllers/aws-cluster/cluster-api.ts';
import { GiantSwarmSource } from './controllers/aws-cluster/giant-swarm.ts';
import { AwsClusterReconciler } from './controllers/aws-cluster/reconciler.ts';
import { nameClaimIndex } from './controllers/name-claims.ts';
import { guardrailIndex, Guardrails, namespaceIndex, roleAgeIndex } from './controllers/guardrails/guardrails.ts';
import { iamServiceAccountDefinition } from './controllers/iam-service-account/definition.ts';
import { findHome, InstallationChanged, keepInstallation } from './controllers/installation.ts';
import { oidcIssuerDefinition } from './controllers/oidc-issuer/definition.ts';
import { HttpsIssuerDocuments } from './controllers/oidc-issuer/registrations/published.ts';
import { accountMetrics, countedPasses, issuerMetrics } from './controllers/pass-metrics.ts';
import {
  claimIndex,
  leavingIssuerIndex,
  issuerIndex,
  keyAt,
  roleIndex,
  roleNameIndex,
} from './controllers/references.ts';
import {
  guardrailsForAll,
  issuersForClusters,
  issuersForNames,
  issuersForRoles,
  namespacesForTheirs,
  rolesForLeavingIssuers,
  rolesForRoleNames,
  rolesOfServiceAccount,
  serviceAccountState,
  type ServiceAccountState,
} from './controllers/watches.ts';
import { agentOf } from './network.ts';
import { createLogger, type Logger } from './observability/logger.ts';
import { OperatorMetrics } from './observability/operator-metrics.ts';
import { StatusServer } from './observability/status-server.ts';
import { ServerAddresses } from './runtime/addresses.ts';
import { Breaker } from './runtime/breaker.ts';
import { sleep, systemClock } from './runtime/clock.ts';
import { ClusterWatch, type Followed } from './runtime/cluster-watch.ts';
import { Controller } from './runtime/controller.ts';
import type { Definition } from './runtime/definition.ts';
import { minutes, seconds } from './runtime/duration.ts';
import { KubeEvents } from './runtime/events.ts';
import { lookUpOf, resolverOf, searchDomainsOf } from './runtime/resolver.ts';
import { HttpKubeClient } from './runtime/http-kube-client.ts';
import { Informer } from './runtime/informer.ts';
import { KubeSecrets } from './runtime/secrets.ts';
import type { KubeClient } from './runtime/kube-client.ts';
import { KubeTransport } from './runtime/kube-transport.ts';
import { ObjectReconciler, type PassObserver } from './runtime/object-reconciler.ts';
import { OperatorAccess, ownServers } from './runtime/operator-access.ts';
import { Pacer } from './runtime/pacer.ts';
import { persist } from './runtime/persist.ts';
import type { Reconcile } from './runtime/reconciler.ts';
import { KubeconfigClusters } from './runtime/workload-clusters.ts';

const clock = systemClock;

/** What lives as long as the process. */
interface Process {
  readonly logger: Logger;
  readonly transport: KubeTransport;
  readonly kube: KubeClient;
  /** Aborts all calls. */
  readonly stop: AbortController;
  readonly metrics: OperatorMetrics;
  /** Called once all objects of our own kinds are read. */
  readonly ready: () => void;
}

/** Builds everything and starts it. Returns what ends it: running passes get the configured grace, then all calls are aborted. */
function start(config: Config & { readonly home: string }, { logger, transport, kube, stop, metrics, ready }: Process) {
  const { signal } = stop;
  const { intervals } = config;

  const secrets = new KubeSecrets(kube);
  const events = new KubeEvents({ client: kube, clock, logger, instance: hostname() });
  // Shorter than for our own API server: a dead cluster must not hold up the passes for which others wait.
  const timeouts = { connect: seconds(3), call: seconds(10) };
  const own = ownServers(process.env);
  const resolve = resolverOf({ searchDomains: searchDomainsOf() });
  const servers = new ServerAddresses({ ...config.workloadClusters, own, resolve });
  const claims = claimIndex();
  const roleNames = roleNameIndex();
  // Tenants can change their service accounts in their own clusters as often as they like.
  const concerned = new Pacer<NamespacedName>({
    clock,
    most: 6,
    interval: minutes(2),
    keyOf: ({ namespace, name }) => `${namespace}/${name}`,
    passOn: (ref) => roles.add(ref),
  });
  const followed: Followed<KubernetesObject, ServiceAccountState> = {
    resource: serviceAccountMetadata,
    select: serviceAccountState,
    concerns: (place, ref) => claims.under(keyAt(place, ref)).length > 0,
    changed: (place, change) => {
      for (const ref of rolesOfServiceAccount(claims, place, change)) concerned.add(ref);
    },
  };
  const workloadClusters = new KubeconfigClusters({
    signal,
    timeouts,
    servers,
    clock,
    resync: intervals.resync,
    watch: { followed, logger },
  });
  const ownCluster = new ClusterWatch({ transport, followed, logger, clock, signal, resync: intervals.resync });

  // One agent for everything but Kubernetes API servers, so that one place knows the proxy.
  const agent = agentOf(config.network);
  const accounts = new AwsAccounts({
    clients: new SdkClients({ region: config.region, agent }),
    region: config.region,
    installation: config.installation,
    // All passes wait for what the operator asks for itself.
    operator: { signal, logger, urgency: 'high' },
    limits: withRates(config.callsPerSecond),
    breaker: () => new Breaker({ clock, isSilence }),
    count: (action, result) => {
      const [service = '', operation = ''] = action.split(':');
      metrics.awsCalls.increment({ service, operation, result });
    },
    observer: accountMetrics(metrics),
  });
  const { nameservers } = config.issuerCheck;
  const lookUp = lookUpOf({ nameservers });
  const documents = new HttpsIssuerDocuments(agent, { resolve: resolverOf({ nameservers }) });

  const informer = <O extends KubernetesObject>(resource: Resource) =>
    new Informer<O>({ transport, resource, logger, clock, signal });
  const controller = (name: string, reconcile: Reconcile, startsAfter?: Promise<unknown>) =>
    new Controller({
      name,
      reconcile: countedPasses(reconcile, (result) => metrics.reconciles.increment({ kind: name, result })),
      concurrency: config.concurrency,
      clock,
      logger,
      ...(startsAfter && { startsAfter }),
    });
  const steps = <O extends ManagedObject, S extends ManagedStatus, C, R>(
    definition: Definition<O, S, C, R>,
    options: { readonly observer?: PassObserver<S> } = {},
  ) =>
    new ObjectReconciler({ definition, client: kube, events, clock, logger, resync: intervals.resync, ...options })
      .reconcile;

  const issuerInformer = informer<OIDCIssuer>(oidcIssuers);
  const roleInformer = informer<IAMServiceAccount>(iamServiceAccounts);
  const guardrailInformer = informer<Guardrail>(guardrails);
  const namespaceInformer = informer<KubernetesObject>(namespaces);

  const guardrailsByNamespace = guardrailIndex();
  const namespacesByName = namespaceIndex();
  const roleAges = roleAgeIndex();
  const admission = new Guardrails({
    guardrails: guardrailsByNamespace,
    namespaces: namespacesByName,
    roleAges,
    installation: config.installation,
    partition: partitionOf(config.region).name,
  });

  const knownIssuers = issuerIndex();
  const leavingIssuers = leavingIssuerIndex();
  const names = nameClaimIndex();
  const rolesByIssuer = roleIndex();
  const common = { kube, secrets, accounts, admission, settings: config, clock };
  const issuers = controller(
    'OIDCIssuer',
    steps(oidcIssuerDefinition({ ...common, workloadClusters, ownCluster, documents, names, lookUp }), {
      observer: issuerMetrics(metrics, {
        now: () => clock.now(),
        isLookedAt: config.issuerCheck.mode === 'Required',
      }),
    }),
  );
  const roles = controller(
    'IAMServiceAccount',
    steps(
      iamServiceAccountDefinition({
        ...common,
        workloadClusters,
        ownCluster,
        issuers: knownIssuers,
        claims,
        roleNames,
      }),
    ),
    // A Guardrail's `maximum` counts older objects: if only half of the list were read, it would count too few.
    roleInformer.synced(),
  );
  const clusters = [new GiantSwarmSource({ kube, secrets }), new ClusterApiSource({ kube, secrets })].map((source) => ({
    informer: informer<AWSCluster>(source.resource),
    controller: controller(
      `AWSCluster.${source.resource.group}`,
      new AwsClusterReconciler(source, { kube, events, intervals, clock }).reconcile,
    ),
  }));

  // The lookups hear of a change before the controllers that use them.
  guardrailInformer.on(guardrailsByNamespace);
  namespaceInformer.on(namespacesByName);
  const allIssuers = issuerInformer.on(knownIssuers);
  issuerInformer.on(leavingIssuers);
  issuerInformer.on(names);
  const allRoles = roleInformer.on(roleAges);
  roleInformer.on(rolesByIssuer);
  roleInformer.on(claims);
  roleInformer.on(roleNames);
  issuers.watch(issuerInformer);
  roles.watch(roleInformer);
  for (const each of clusters) {
    each.controller.watch(each.informer);
    each.controller.watchRelated(issuerInformer, issuersForClusters);
  }

  roles.watchRelated(issuerInformer, issuersForRoles(rolesByIssuer));
  issuers.watchRelated(roleInformer, rolesForLeavingIssuers(leavingIssuers));
  issuers.watchRelated(issuerInformer, issuersForNames(names));
  roles.watchRelated(roleInformer, rolesForRoleNames(roleNames));
  for (const [judged, all, byNamespace] of [
    [issuers, allIssuers, knownIssuers],
    [roles, allRoles, roleAges],
  ] as const) {
    judged.watchRelated(guardrailInformer, guardrailsForAll(all));
    judged.watchRelated(namespaceInformer, namespacesForTheirs(byNamespace));
  }

  // No object is judged before all Guardrails are known: one that is not read yet would look absent.
  const judges = [guardrailInformer, namespaceInformer];
  for (const each of judges) each.start();
  void Promise.all(judges.map((each) => each.synced())).then(() => {
    if (signal.aborted) return;
    issuerInformer.start();
    for (const each of clusters) each.informer.start();
    // A role is reconciled only when all issuers are known, because it gives up what it can reach through none of them.
    void issuerInformer.synced().then(() => {
      if (!signal.aborted) roleInformer.start();
    });
  });
  const informers = [...judges, issuerInformer, roleInformer, ...clusters.map((each) => each.informer)];
  // The kinds of other operators may not be installed.
  void Promise.all([...judges, issuerInformer, roleInformer].map((each) => each.synced())).then(ready);
  logger.info('started', { installation: config.installation, region: config.region });

  return async () => {
    const controllers = [issuers, roles, ...clusters.map((each) => each.controller)];
    await Promise.all(controllers.map((each) => each.stop(config.shutdownGrace)));
    // A silent API server must not hold up the end of this process, or the start of the next.
    await Promise.race([events.flushed(), sleep(clock, seconds(2), signal)]);
    stop.abort(new Error('the operator stops'));
    await Promise.all(informers.map((each) => each.stopped()));
    agent.destroy();
  };
}

function readConfig(): Config {
  try {
    return loadConfig(process.argv.slice(2), process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    refuse(error.message);
  }
}

function refuse(message: string): never {
  process.stderr.write(`The configuration is not valid:\n${message}\n`);
  process.exit(2);
}

/** The home of this cluster, once it is known and the installation is the recorded one. */
async function settleIn({ namespace, installation }: Config, { logger, kube, stop }: Process): Promise<string> {
  const work = async () => {
    await keepInstallation(kube, namespace, installation);
    return findHome(kube);
  };
  const isFinal = (error: unknown) => error instanceof InstallationChanged;
  try {
    return await persist(work, {
      isFinal,
      doing: 'reading the recorded installation',
      clock,
      logger,
      signal: stop.signal,
    });
  } catch (error) {
    if (error instanceof InstallationChanged) refuse(error.message);
    throw error;
  }
}

const config = readConfig();
const stop = new AbortController();
const metrics = new OperatorMetrics();
let isReady = false;
const server = new StatusServer({ render: () => metrics.render(), isReady: () => isReady });
if (config.metrics.port !== 0) {
  await server.listen(config.metrics.port).catch((error: Error) => refuse(`metrics.port: ${error.message}`));
}
const transport = new KubeTransport({ access: new OperatorAccess(), signal: stop.signal });
const logger = createLogger({ level: config.logLevel });
const ready = () => {
  isReady = true;
};
const operator: Process = { logger, transport, kube: new HttpKubeClient(transport), stop, metrics, ready };

let finish = () => Promise.resolve();
const end = (signal: NodeJS.Signals) => {
  logger.info('stopping', { signal });
  void finish().then(() => {
    server.close();
    process.exit(0);
  });
};
process.once('SIGTERM', end);
process.once('SIGINT', end);

finish = start({ ...config, home: await settleIn(config, operator) }, operator);
