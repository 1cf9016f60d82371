import type { KubernetesObject, ObjectMeta } from '../../api/meta.ts';
import { fieldManager, podIdentityLabel, webhookAnnotations as keys } from '../../api/names.ts';
import { serviceAccounts } from '../../api/resources.ts';
import { parseDuration, seconds } from '../../runtime/duration.ts';
import type { KubeClient } from '../../runtime/kube-client.ts';

/** The webhook's own audience: no annotation is needed for it. */
const webhookAudience = 'sts.amazonaws.com';

export interface Session {
  readonly roleARN: string;
  readonly audience: string | undefined;
  readonly regionalSTS: boolean | undefined;
  /** A Go duration. */
  readonly tokenExpiration: string | undefined;
}

/** Null: the webhook's own setting holds, and we write no annotation. */
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
 * The annotations that differ. Undefined: none do. What the service account's author says about the session stays. Another
 * audience than the role's does not stay, because STS would refuse every token.
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

/** Whether we wrote the role that the service account names, for any of our objects. */
export const isRoleOurs = ({ metadata }: KubernetesObject): boolean => keysWrittenByUs(metadata).has(keys.roleARN);

/** The annotations that we wrote, by the managed fields. */
function keysWrittenByUs({ managedFields = [] }: ObjectMeta): Set<string> {
  const fields = managedFields
    .filter(({ manager }) => manager === fieldManager)
    .flatMap(({ fieldsV1 }) => Object.keys(fieldsV1?.['f:metadata']?.['f:annotations'] ?? {}));
  return new Set(fields.map((field) => field.replace(/^f:/, '')));
}

/** The label that goes with the role, if it differs: the policy in config/pod-identity serves service accounts that have it. */
function diffLabels(desired: Annotations, { metadata }: KubernetesObject): Annotations | undefined {
  const label = desired[keys.roleARN] === null ? null : 'true';
  return (metadata.labels?.[podIdentityLabel] ?? null) === label ? undefined : { [podIdentityLabel]: label };
}

/** Writes only what differs, and only if nobody changed the service account since it was read. */
export async function annotate(
  client: KubeClient,
  serviceAccount: KubernetesObject,
  desired: Annotations,
): Promise<void> {
  const annotations = diffAnnotations(desired, serviceAccount);
  const labels = diffLabels(desired, serviceAccount);
  if (!annotations && !labels) return;
  const { resourceVersion } = serviceAccount.metadata;
  const metadata = { resourceVersion, ...(annotations && { annotations }), ...(labels && { labels }) };
  await client.patch(serviceAccounts, serviceAccount.metadata, { metadata });
}
