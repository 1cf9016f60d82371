import type { Certificate } from '../certificates.ts';

/** How the holder of a kubeconfig file proves who they are. */
export type Identity = { readonly certificate: Certificate } | { readonly token: string };

export interface KubeconfigOptions {
  readonly server: string;
  /** As PEM. */
  readonly ca: string;
  readonly user: string;
  readonly identity: Identity;
}

/** A kubeconfig file that needs no other file. It is JSON, which every reader of YAML takes. */
export function kubeconfig({ server, ca, user, identity }: KubeconfigOptions): string {
  const credentials =
    'token' in identity
      ? { token: identity.token }
      : {
          'client-certificate-data': base64(identity.certificate.certificate),
          'client-key-data': base64(identity.certificate.key),
        };
  const name = 'test';
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server, 'certificate-authority-data': base64(ca) } }],
    users: [{ name: user, user: credentials }],
    contexts: [{ name, context: { cluster: name, user } }],
    'current-context': name,
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
