import { readFile } from 'node:fs/promises';
import type { Certificate } from './certificates.ts';

/** How the holder of a kubeconfig file proves who they are. */
export type Identity = { readonly certificate: Certificate } | { readonly token: string };

export interface KubeconfigOptions {
  readonly server: string;
  readonly caFile: string;
  readonly user: string;
  readonly identity: Identity;
}

/** A kubeconfig file that needs no other file. It is JSON, which every reader of YAML takes. */
export async function kubeconfig({ server, caFile, user, identity }: KubeconfigOptions): Promise<string> {
  const credentials =
    'token' in identity
      ? { token: identity.token }
      : {
          'client-certificate-data': await base64(identity.certificate.certFile),
          'client-key-data': await base64(identity.certificate.keyFile),
        };
  const name = 'test';
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server, 'certificate-authority-data': await base64(caFile) } }],
    users: [{ name: user, user: credentials }],
    contexts: [{ name, context: { cluster: name, user } }],
    'current-context': name,
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}

async function base64(file: string): Promise<string> {
  return (await readFile(file)).toString('base64');
}
