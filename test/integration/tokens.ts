import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { AssumeRoleWithWebIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { SignJWT } from 'jose';
import { audience } from '../proof/input.ts';
import type { Manifest } from './objects.ts';

/** Signs tokens as an API server does, for as many issuers as publish its key. */
export class TokenMaker {
  readonly #key: KeyObject;
  readonly #kid: string;
  readonly #pem: string;
  readonly #sts: STSClient;

  constructor({ url }: { readonly url: string }) {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    this.#key = privateKey;
    this.#pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
    // As kube-apiserver computes it.
    this.#kid = createHash('sha256')
      .update(publicKey.export({ type: 'spki', format: 'der' }))
      .digest('base64url');
    this.#sts = new STSClient({ endpoint: url, region: 'eu-central-1' });
  }

  /** For `signingKeys.secretRef`. */
  secret(name: string): Manifest {
    return { apiVersion: 'v1', kind: 'Secret', metadata: { name }, stringData: { pub: this.#pem } };
  }

  /** What STS answers a pod of the service account `namespace/name` in the issuer's cluster. */
  async assume(
    roleARN: string,
    { issuer, subject, aud = audience }: { readonly issuer: string; readonly subject: string; readonly aud?: string },
  ): Promise<string> {
    const WebIdentityToken = await new SignJWT()
      .setProtectedHeader({ alg: 'RS256', kid: this.#kid })
      .setIssuer(issuer)
      .setSubject(`system:serviceaccount:${subject.replace('/', ':')}`)
      .setAudience(aud)
      .setIssuedAt()
      .setExpirationTime('1h')
      .sign(this.#key);
    try {
      const input = { RoleArn: roleARN, RoleSessionName: 'pod', WebIdentityToken };
      const { Credentials } = await this.#sts.send(new AssumeRoleWithWebIdentityCommand(input));
      return Credentials?.AccessKeyId ? 'credentials' : 'nothing';
    } catch (error) {
      return error instanceof Error ? error.name : String(error);
    }
  }

  stop(): void {
    this.#sts.destroy();
  }
}
