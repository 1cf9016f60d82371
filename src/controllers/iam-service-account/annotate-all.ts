import type { OIDCIssuer } from '../../api/kinds.ts';
import { isWildcard } from '../../oidc/trust-policy.ts';
import type { KubeClient } from '../../runtime/kube-client.ts';
import { annotateOne } from './annotate-one.ts';
import { desiredAnnotations } from './annotations.ts';
import type { RoleContext } from './context.ts';
import { placeOfIssuer, type ServiceAccountEntry } from './record.ts';
import { rivalsOf } from './rivals.ts';

export interface Where {
  readonly client: KubeClient;
  readonly issuer: OIDCIssuer;
  /** Undefined: the issuer's provider does not say it. */
  readonly audience: string | undefined;
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
  { services, object }: Pick<RoleContext, 'services' | 'object'>,
  { client, issuer, audience, roleARN }: Where,
): Promise<Annotated> {
  const place = placeOfIssuer(issuer);
  const { regionalSTS, tokenExpiration } = object.spec.session ?? {};
  const desired = desiredAnnotations({ roleARN, audience, regionalSTS, tokenExpiration });
  const creates = object.spec.serviceAccountPolicy === 'Create';
  const entries: ServiceAccountEntry[] = [];
  const conflicts: string[] = [];
  for (const subject of object.spec.subjects.filter((each) => !isWildcard(each))) {
    const { namespace, name } = subject;
    const rivals = () => rivalsOf(object, services.claims, { ...place, namespace, name });
    const request = { roleARN, desired, creates, rivals };
    const { state, holder } = await annotateOne(client, { namespace, name }, request);
    entries.push({ ...place, namespace, name, state });
    if (holder !== undefined) conflicts.push(`${namespace}/${name} (${holder})`);
  }
  return { place, entries, conflicts };
}
