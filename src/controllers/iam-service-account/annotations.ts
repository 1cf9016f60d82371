import type { KubernetesObject, ManagedFields, ObjectMeta } from '../../api/meta.ts';
import { createdLabel, fieldManager, podIdentityLabel, webhookAnnotations as keys } from '../../api/names.ts';
import { type NamespacedName, serviceAccounts } from '../../api/resources.ts';
import { parseDuration, seconds } from '../../runtime/duration.ts';
import { isMap } from '../../runtime/json.ts';
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

export type Annotations = Readonly<Record<string, string>>;

/** What the webhook's own settings say already is not written. */
export function desiredAnnotations({ roleARN, audience, regionalSTS, tokenExpiration }: Session): Annotations {
  return {
    [keys.roleARN]: roleARN,
    ...(audience !== undefined && audience !== webhookAudience && { [keys.audience]: audience }),
    ...(regionalSTS !== undefined && { [keys.regionalSTS]: String(regionalSTS) }),
    ...(tokenExpiration !== undefined && {
      [keys.tokenExpiration]: String(parseDuration(tokenExpiration) / seconds(1)),
    }),
  };
}

/** The role that the service account names. */
export function roleOf({ metadata }: KubernetesObject): string | undefined {
  return metadata.annotations?.[keys.roleARN];
}

/**
 * Annotations of somebody else that are not as desired, each with its value and who wrote it. What the author of the service account
 * says of the session beyond that stays. Another audience than the role's is in the way, because STS would refuse every token.
 */
export function foreignAnnotations({ metadata }: KubernetesObject, desired: Annotations): string[] {
  const ours = fieldsOfOurs(metadata).annotations;
  const wanted = { [keys.audience]: webhookAudience, ...desired };
  return Object.entries(wanted).flatMap(([key, value]) => {
    const current = metadata.annotations?.[key];
    return current === undefined || current === value || ours.has(key) ? [] : [written(metadata, key)];
  });
}

/** Which role the service account names, and who wrote that. */
export const writtenRole = ({ metadata }: KubernetesObject): string => written(metadata, keys.roleARN);

function written(metadata: ObjectMeta, key: string): string {
  const entry = writersOf(metadata).find((each) => fieldsOf(each, 'f:annotations').includes(`f:${key}`));
  return `${key} is ${metadata.annotations?.[key]}, written by ${entry?.manager ?? 'somebody else'}`;
}

/** Whether we wrote the role that the service account names, for any of our objects. */
export const isRoleOurs = ({ metadata }: KubernetesObject): boolean =>
  fieldsOfOurs(metadata).annotations.has(keys.roleARN);

/** Whether we made the service account. */
export const isCreated = ({ metadata }: KubernetesObject): boolean => fieldsOfOurs(metadata).labels.has(createdLabel);

/** Whether nobody but us ever wrote anything of it. */
export const isOnlyOurs = ({ metadata }: KubernetesObject): boolean =>
  writersOf(metadata).every(({ manager }) => manager === fieldManager);

/** The labels and annotations that we wrote, by the managed fields. */
function fieldsOfOurs(metadata: ObjectMeta) {
  const ours = writersOf(metadata).filter(({ manager }) => manager === fieldManager);
  const keysOf = (field: 'f:annotations' | 'f:labels') => {
    const fields = ours.flatMap((each) => fieldsOf(each, field));
    return new Set(fields.filter((each) => each.startsWith('f:')).map((each) => each.slice(2)));
  };
  return { annotations: keysOf('f:annotations'), labels: keysOf('f:labels') };
}

/** Whoever has the cluster may answer what they like, and no answer may hold a deletion. */
const writersOf = ({ managedFields }: ObjectMeta): readonly ManagedFields[] =>
  (Array.isArray(managedFields) ? (managedFields as unknown[]) : []).filter(isMap);

const fieldsOf = ({ fieldsV1 }: ManagedFields, field: 'f:annotations' | 'f:labels'): readonly string[] =>
  Object.keys(fieldsV1?.['f:metadata']?.[field] ?? {});

type Labels = Readonly<Record<string, string>>;

/**
 * The label that goes with the role: the policy in config/pod-identity serves service accounts that have it. Another value of somebody
 * else's stays.
 */
function desiredLabels(serviceAccount: KubernetesObject, annotations: Annotations): Labels {
  const { metadata } = serviceAccount;
  const value = metadata.labels?.[podIdentityLabel];
  const isTheirs = value !== undefined && value !== served && !fieldsOfOurs(metadata).labels.has(podIdentityLabel);
  return {
    ...(keys.roleARN in annotations && !isTheirs && { [podIdentityLabel]: served }),
    ...(isCreated(serviceAccount) && { [createdLabel]: fieldManager }),
  };
}

const served = 'true';

/** Returns whether anything was written. Nothing is if all is as desired and ours. */
export async function annotate(
  client: KubeClient,
  serviceAccount: KubernetesObject,
  annotations: Annotations,
): Promise<boolean> {
  const { metadata } = serviceAccount;
  const ours = fieldsOfOurs(metadata);
  const labels = desiredLabels(serviceAccount, annotations);
  const isSame =
    areOurs(annotations, metadata.annotations, ours.annotations) && areOurs(labels, metadata.labels, ours.labels);
  if (isSame) return false;
  const { namespace, name, uid } = metadata;
  // A bare apply would make a service account that is gone.
  await client.apply(serviceAccounts, { metadata: { namespace, name, uid, annotations, labels } });
  return true;
}

/** Whether the fields are as desired and ours, and no other ones are. */
function areOurs(desired: Labels, current: Labels = {}, ours: ReadonlySet<string>): boolean {
  const wanted = Object.entries(desired);
  return ours.size === wanted.length && wanted.every(([key, value]) => ours.has(key) && current[key] === value);
}

/** Makes a service account, with a label by which it is known as ours. One that somebody made in the same moment is annotated. */
export function createAnnotated(
  client: KubeClient,
  { namespace, name }: NamespacedName,
  annotations: Annotations,
): Promise<void> {
  const labels = { [createdLabel]: fieldManager, [podIdentityLabel]: served };
  return client.apply(serviceAccounts, { metadata: { namespace, name, annotations, labels } });
}
