import { createPublicKey } from 'node:crypto';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import type { Tenant } from './tenant.ts';

/** The Secret of a generated key pair. */
export interface KeySecret {
  readonly metadata: {
    readonly uid: string;
    readonly resourceVersion: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly data: { readonly key: string; readonly pub: string };
}

export const keySecretOf = async (tenant: Tenant) =>
  JSON.parse(await tenant.kubectl(['get', 'secret', `${tenant.name}-keys`, '-o', 'json'])) as KeySecret;

/** The modulus: enough to tell RSA keys apart. */
export const modulusOf = ({ data }: KeySecret) =>
  createPublicKey(Buffer.from(data.pub, 'base64')).export({ format: 'jwk' }).n;

/** Of the key set as it lies in the bucket. */
export async function publishedModuli(tenant: Tenant): Promise<(string | undefined)[]> {
  const bucket = (await tenant.holdings()).find(({ kind }) => kind === 'bucket');
  const { Body } = await tenant.aws.s3.send(new GetObjectCommand({ Bucket: bucket?.name, Key: 'keys.json' }));
  const { keys } = JSON.parse((await Body?.transformToString()) ?? '') as { keys: { n?: string }[] };
  return keys.map(({ n }) => n);
}
