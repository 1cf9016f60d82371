import type { OIDCIssuer } from '../../api/kinds.ts';
import { isWildcard } from '../../oidc/trust-policy.ts';
import type { KubeClient } from '../../runtime/kube-client.ts';
import { annotateOne } from './annotate-one.ts';
import { desiredAnnotations } from './annotations.ts';
import type { RoleContext } from './context.ts';
import { podsWithoutToken } from './pods.ts';
import { isSame, placeOfIssuer, type ServiceAccountEntry } from './record.ts';
import { rivalsOf } from './rivals.ts';

export interface Where {
  readonly client: KubeClient;
  readonly issuer: OIDCIssuer;
  /** Those that the issuer's provider takes. Pods get tokens for the first one. */
  readonly audiences: readonly string[];
  readonly roleARN: string;
}

export interface Annotated {
  readonly place: ReturnType<typeof placeOfIssuer>;
  readonly entries: readonly ServiceAccountEntry[];
  /** Each service account that somebody else holds, and who. */
  readonly conflicts: readonly string[];
}

/** Annotates the service accounts of the subjects in one cluster, as far as they are named in full. */
export async function annotateAll(
  context: Pick<RoleContext, 'services' | 'object' | 'status' | 'pass'>,
  { client, issuer, audiences, roleARN }: Where,
): Promise<Annotated> {
  const { services, object, status } = context;
  const place = placeOfIssuer(issuer);
  const { regionalSTS, tokenExpiration } = object.spec.session ?? {};
  const desired = desiredAnnotations({ roleARN, audience: audiences[0], regionalSTS, tokenExpiration });
  const creates = object.spec.serviceAccountPolicy === 'Create';
  const entries: ServiceAccountEntry[] = [];
  const conflicts: string[] = [];
  for (const { namespace, name } of object.spec.subjects.filter((each) => !isWildcard(each))) {
    const ref = { ...place, namespace, name };
    const rivals = () => rivalsOf(object, services.claims, ref);
    const request = { roleARN, desired, creates, rivals };
    const { state, holder, written } = await annotateOne(client, { namespace, name }, request);
    const before = status.serviceAccounts?.find((entry) => isSame(entry, ref));
    const podsToRestart =
      state === 'Annotated' ? await countPods(context, { client, ref, audiences, written, before }) : undefined;
    entries.push({ ...ref, state, ...(podsToRestart !== undefined && { podsToRestart }) });
    if (holder !== undefined) conflicts.push(`${namespace}/${name} (${holder})`);
  }
  return { place, entries, conflicts };
}

interface Counted {
  readonly client: KubeClient;
  readonly ref: Pick<ServiceAccountEntry, 'cluster' | 'namespace' | 'name'>;
  readonly audiences: readonly string[];
  readonly written: boolean | undefined;
  /** What the status knows. */
  readonly before: ServiceAccountEntry | undefined;
}

/**
 * How many pods have to be restarted. Undefined: it is not known. They are counted after each annotation until none is left. Where the
 * operator may not list pods, it does not ask again at rest.
 */
async function countPods(
  { pass }: Pick<RoleContext, 'pass'>,
  { client, ref, audiences, written = false, before }: Counted,
): Promise<number | undefined> {
  const isNews = written || before?.state !== 'Annotated';
  if (!isNews && !before.podsToRestart) return before.podsToRestart;
  const found = await podsWithoutToken(client, ref, audiences);
  if (!found) return undefined;
  if (found.length === 0) return 0;
  const named = found.slice(0, mostNamed).join(', ');
  const more = found.length > mostNamed ? ` and ${found.length - mostNamed} more` : '';
  pass.event(
    'Warning',
    'PodsNeedRestart',
    `these pods of service account ${ref.namespace}/${ref.name} in cluster ${ref.cluster} were started before it named the role: ${named}${more}`,
  );
  return found.length;
}

const mostNamed = 5;
