import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { fromTokenFile } from '@aws-sdk/credential-providers';
import { GuardedDirectory } from '../backends/guard.ts';
import { audience, mintToken, read, type ProofInput } from './input.ts';

interface ServiceAccount {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
}

/** The role that pods of the service account are told to assume: https://github.com/aws/amazon-eks-pod-identity-webhook */
export async function annotatedRole(input: ProofInput): Promise<string> {
  const { metadata } = await read<ServiceAccount>(input, 'serviceaccount', input.subject);
  const roleARN = metadata.annotations?.['eks.amazonaws.com/role-arn'];
  if (!roleARN) throw new Error('the service account is not annotated with a role');
  return roleARN;
}

/** A pod as far as AWS can tell: a token in a file, the ARN of a role, and the AWS SDK. */
export class Pod {
  readonly #s3: S3Client;

  private constructor(
    private readonly home: GuardedDirectory,
    where: { readonly endpoint: string; readonly region: string },
    roleArn: string,
  ) {
    const webIdentityTokenFile = join(home.path, 'token');
    const credentials = fromTokenFile({ webIdentityTokenFile, roleArn, roleSessionName: 'pod', clientConfig: where });
    this.#s3 = new S3Client({ ...where, credentials, forcePathStyle: true });
  }

  static async start(
    { front }: Pick<ProofInput, 'front'>,
    { token, roleARN, region }: { readonly token: string; readonly roleARN: string; readonly region: string },
  ): Promise<Pod> {
    const home = GuardedDirectory.create('irsa-pod');
    await writeFile(join(home.path, 'token'), token, { mode: 0o600 });
    return new Pod(home, { endpoint: front.url, region }, roleARN);
  }

  /** Where its token is. */
  get dir(): string {
    return this.home.path;
  }

  /** Exchanges the token; throws what STS refuses it with. */
  async assumeRole(): Promise<{ accessKeyId: string; expiration?: Date }> {
    return this.#s3.config.credentials();
  }

  /** Writes an object, or says how S3 refuses that. */
  async write(bucket: string, key: string): Promise<'written' | 'AccessDenied'> {
    try {
      await this.#s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: 'echo from a pod\n' }));
      return 'written';
    } catch (error) {
      if (error instanceof Error && error.name === 'AccessDenied') return 'AccessDenied';
      throw error;
    }
  }

  async stop(): Promise<void> {
    this.#s3.destroy();
    await this.home.remove();
  }
}

/** Writes the object that the role may write or the one that it may not, and expects just that. */
export async function write(pod: Pod, { writes }: ProofInput, which: 'allowed' | 'refused'): Promise<string> {
  const object = `s3://${writes.bucket}/${writes[which]}`;
  const got = await pod.write(writes.bucket, writes[which]);
  const expected = which === 'allowed' ? 'written' : 'AccessDenied';
  if (got !== expected) throw new Error(`${object} is ${got}, not ${expected}`);
  return `${object}: ${got}`;
}

/** Tries to assume the role with tokens that must not get it; each line says who was refused and how. */
export async function refusedTokens(input: ProofInput, role: { roleARN: string; region: string }): Promise<string[]> {
  const { subject } = input;
  // Every namespace has this service account.
  const strangers = [subject.namespace, 'kube-system', 'kube-public'].map((namespace) => ({
    namespace,
    name: 'default',
  }));
  const others = strangers.filter(({ namespace, name }) => namespace !== subject.namespace || name !== subject.name);
  const attempts = [
    ...others.map((account) => ({ account, audience, refusal: 'AccessDenied' })),
    { account: subject, audience: 'kubernetes.default.svc', refusal: 'InvalidIdentityTokenException' },
  ];
  return Promise.all(
    attempts.map(async (attempt) => {
      const who = `${attempt.account.namespace}/${attempt.account.name} for ${attempt.audience}`;
      const token = await mintToken(input, attempt.account, attempt.audience);
      const pod = await Pod.start(input, { token, ...role });
      try {
        const refusal = await pod.assumeRole().then(
          () => 'credentials',
          (error: Error) => error.name,
        );
        if (refusal !== attempt.refusal) throw new Error(`a token of ${who} gets ${refusal}, not ${attempt.refusal}`);
        return `${who}: ${refusal}`;
      } finally {
        await pod.stop();
      }
    }),
  );
}
