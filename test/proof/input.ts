import type { FetchPage } from '../backends/aws/edge-fetch.ts';

export interface ObjectName {
  readonly namespace: string;
  readonly name: string;
}

/** What the proof is made on. It looks at both APIs from outside, as users and pods do. */
export interface ProofInput {
  readonly controlPlane: { kubectl(args: string[], input?: string): Promise<string> };
  /** Where AWS is for SDK clients. */
  readonly front: { readonly url: string };
  /** Where the issuer is published for everybody. */
  readonly edge: { readonly fetch: FetchPage };
  readonly issuer: ObjectName;
  readonly iamServiceAccount: ObjectName;
  /** The service account that may assume the role. */
  readonly subject: ObjectName;
  /** An object that the role may write and one that it may not, in a bucket that is there. */
  readonly writes: { readonly bucket: string; readonly allowed: string; readonly refused: string };
  /** The cluster gives pods their token and variables: the proof makes a Pod object, and uses what it was given. Absent: it does without. */
  readonly makesPod?: boolean;
}

/** The audience of tokens for AWS, as the pod identity webhook asks for it. */
export const audience = 'sts.amazonaws.com';

/** Reads an object by kubectl. */
export async function read<T>({ controlPlane }: ProofInput, kind: string, { namespace, name }: ObjectName): Promise<T> {
  const json = await controlPlane.kubectl(['get', kind, name, '--namespace', namespace, '--output', 'json']);
  return JSON.parse(json) as T;
}

/** A token such as the kubelet projects into a pod, made by the API server through TokenRequest. */
export async function mintToken(
  { controlPlane }: ProofInput,
  { namespace, name }: ObjectName,
  tokenAudience = audience,
  more: readonly string[] = ['--duration', '1h'],
): Promise<string> {
  const account = ['create', 'token', name, '--namespace', namespace];
  return (await controlPlane.kubectl([...account, '--audience', tokenAudience, ...more])).trim();
}
