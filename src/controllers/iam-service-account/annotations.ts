import type { KubernetesObject, ObjectMeta } from '../../api/meta.ts';
import { fieldManager } from '../../api/names.ts';
import { serviceAccounts } from '../../api/resources.ts';
import { parseDuration, seconds } from '../../runtime/duration.ts';
import type { KubeClient } from '../../runtime/kube-client.ts';

/** What the pod identity webhook reads on a service account. https://github.com/aws/amazon-eks-pod-identity-webhook#readme */
const keys = {
  roleARN: 'eks.amazonaws.com/role-arn',
  audience: 'eks.amazonaws.com/audience',
  regionalSTS: 'eks.amazonaws.com/sts-regional-endpoints',
  tokenExpiration: 'eks.amazonaws.com/token-expiration',
} as const;

/** The webhook's own audience: no annotation is needed for it. */
const webhookAudience = 'sts.amazonaws.com';

export interface Session {
  readonly roleARN: string;
  readonly audience: string | undefined;
  readonly regionalSTS: boolean | undefined;
  /** A Go duration. */
  readonly tokenExpiration: string | undefined;
}

/** Null: the webhook's own setting, and so no annotation of ours. */
export type Annotations = Readonly<Record<string, string | null>>;

export function desiredAnnotations(session: Session): Annotations {
  const { roleARN, audience, regionalSTS, tokenExpiration } = session;
  return {
    [keys.roleARN]: roleARN,
    [keys.audience]: audience === undefined || audience === webhookAudience ? null : audience,
    [keys.regionalSTS]: regionalSTS === undefined ? null : String(regionalSTS),
    [keys.tokenExpiration]: tokenExpiration === undefined ? null : String(parseDuration(tokenExpiration) / seconds(1)),
  };
}

export const noAnnotations: Annotations = Object.fromEntries(Object.values(keys).map((key) => [key, null]));

/** The role that the service account names. */
export function roleOf({ metadata }: KubernetesObject): string | undefined {
  return metadata.annotations?.[keys.roleARN];
}

/**
 * Those that differ. Undefined: none do. What the service account's author says of the session stays; another audience
 * than the role's does not, for STS would refuse every token.
 */
function diffAnnotations(desired: Annotations, { metadata }: KubernetesObject): Annotations | undefined {
  const isGiven = desired[keys.roleARN] !== null;
  const ours = keysWrittenByUs(metadata).add(keys.roleARN);
  if (isGiven) ours.add(keys.audience);
  const differing = Object.entries(desired)
    .filter(([key, value]) => (metadata.annotations?.[key] ?? null) !== value)
    .filter(([key, value]) => value !== null || ours.has(key));
  return differing.length > 0 ? Object.fromEntries(differing) : undefined;
}

/** Whether the role that the service account names was written there by us, for whichever object. */
export const isRoleOurs = ({ metadata }: KubernetesObject): boolean => keysWrittenByUs(metadata).has(keys.roleARN);

/** As the API server remembers it. */
function keysWrittenByUs({ managedFields = [] }: ObjectMeta): Set<string> {
  const fields = managedFields
    .filter(({ manager }) => manager === fieldManager)
    .flatMap(({ fieldsV1 }) => Object.keys(fieldsV1?.['f:metadata']?.['f:annotations'] ?? {}));
  return new Set(fields.map((field) => field.replace(/^f:/, '')));
}

/** Writes only what differs, and only if nobody changed the service account since it was read. */
export async function annotate(
  client: KubeClient,
  serviceAccount: KubernetesObject,
  desired: Annotations,
): Promise<void> {
  const annotations = diffAnnotations(desired, serviceAccount);
  if (!annotations) return;
  const { resourceVersion } = serviceAccount.metadata;
  await client.patch(serviceAccounts, serviceAccount.metadata, { metadata: { resourceVersion, annotations } });
}
