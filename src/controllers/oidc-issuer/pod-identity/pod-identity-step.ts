import type { Reason } from '../../../api/conditions.ts';
import { isForbidden, isInvalid } from '../../../runtime/kube-error.ts';
import { type Outcome, ready, type Step } from '../../../runtime/step.ts';
import type { KubeClient } from '../../../runtime/kube-client.ts';
import { clusterNameOf } from '../../issuer-contract.ts';
import type { AcceptedSite, IssuerPass, SiteContext } from '../context.ts';
import { servedURLs } from '../site/site.ts';
import { findPolicy, keepPolicy, policyName } from './policy.ts';
import { release } from './release.ts';
import { hasWebhook } from './webhook.ts';

/**
 * Whether new pods in the cluster get their token and variables. Nothing else needs this, and nobody waits for a cluster that the
 * operator has nothing to do in.
 */
export const podIdentityStep: Step<AcceptedSite, SiteContext> = {
  condition: 'PodIdentityReady',
  needs: [],
  rests: true,

  async reconcile(context) {
    return context.object.spec.cluster?.podIdentity === 'Policy' ? installPolicy(context) : expectWebhook(context);
  },

  remove: release,
};

async function installPolicy(context: AcceptedSite): Promise<Outcome> {
  const way = await context.cluster.way();
  if (way.state === 'noWay') return waiting(context, 'SecretNotFound', way.message);
  if (way.state === 'blocked') return waiting(context, way.reason, way.message);
  try {
    return await installThere(context, way.client);
  } catch (error) {
    // An author who may not read service accounts is told that the policy is not valid.
    if (!isForbidden(error) && !isInvalid(error)) throw error;
    return waiting(context, 'AccessDenied', notAllowed(context));
  }
}

async function installThere(context: AcceptedSite, client: KubeClient): Promise<Outcome> {
  const place = await findPolicy(client);
  if (!place) return waiting(context, 'PolicyNotServed', notServed(context));
  const region = await keepPolicy(context, place);
  const { spec } = context.object;
  const messages = [
    ...(region === spec.region
      ? []
      : [`pods get the region ${region} of another OIDCIssuer of this cluster, which asked first`]),
    ...(place.version === 'v1beta1' ? [mayBeIgnored] : []),
  ];
  return messages.length === 0 ? ready : { state: 'ready', message: messages.join('; ') };
}

/** What cannot be looked at is no finding: the webhook is somebody else's, and the roles say what is wrong with the way to the cluster. */
async function expectWebhook(context: AcceptedSite): Promise<Outcome> {
  const { cluster, pass } = context;
  try {
    const way = await cluster.way();
    if (way.state !== 'connected') return notLookedAt(way.message);
    if (await hasWebhook(way.client)) {
      await release(context);
      return ready;
    }
    const place = await findPolicy(way.client);
    if (!place?.policy) return await missing(context);
    return {
      state: 'ready',
      message: `the pod identity webhook is not in the cluster, and ${policyName} is: it stays`,
    };
  } catch (error) {
    pass.signal.throwIfAborted();
    pass.logger.debug('the cluster does not tell of its webhooks', { error });
    return notLookedAt(isForbidden(error) ? notAllowed(context) : 'the cluster cannot be asked now');
  }
}

/** An issuer is ready before its cluster uses it: until then, no pod could do anything with a token. */
async function missing(context: AcceptedSite): Promise<Outcome> {
  const named = await context.cluster.issuer();
  const isUsed = (context.status.sites ?? []).flatMap(servedURLs).some((url) => url === named);
  if (isUsed) return waiting(context, 'NoPodIdentity', nothingThere(context));
  return { state: 'ready', message: `${nothingThere(context)}. The cluster's tokens do not carry this issuer yet` };
}

const notLookedAt = (why: string): Outcome => ({
  state: 'ready',
  message: `whether the pod identity webhook is in the cluster was not looked at: ${why}`,
});

const mayBeIgnored =
  'this API server takes the policy as v1beta1, and ignores it unless all API servers have --feature-gates=MutatingAdmissionPolicy=true';

const nameOf = ({ object }: IssuerPass) => `cluster ${clusterNameOf(object)}`;

const nothingThere = (context: IssuerPass) =>
  `neither the pod identity webhook nor ${policyName} is in ${nameOf(context)}, so new pods get no credentials: set ` +
  'spec.cluster.podIdentity: Policy, or install the webhook. If pods get them in another way, set None';

const notServed = (context: IssuerPass) =>
  `the API server of ${nameOf(context)} serves no MutatingAdmissionPolicy. Kubernetes 1.36 and later do, and 1.34 and 1.35 with ` +
  '--feature-gates=MutatingAdmissionPolicy=true --runtime-config=admissionregistration.k8s.io/v1beta1=true: upgrade, switch it on, ' +
  'or set spec.cluster.podIdentity: Webhook';

/** What an administrator of the cluster does. */
function notAllowed(context: IssuerPass): string {
  const { cluster } = context.object.spec;
  const where = cluster?.inCluster ? '' : ` in ${nameOf(context)}, with the user of the kubeconfig as its subject`;
  return `the operator lacks permissions: kubectl apply -k config/components/pod-identity${where}`;
}

const waiting = ({ services }: IssuerPass, reason: Reason, message: string): Outcome => ({
  state: 'waiting',
  reason,
  message,
  requeueAfter: services.settings.intervals.missing,
});
