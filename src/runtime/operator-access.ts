import { KubeConfig } from '@kubernetes/client-node';
import type { RequestOptions } from 'node:https';
import type { Access, AccessSource, TlsSettings } from './access.ts';

/** The operator's own credentials: the pod's service account, else a kubeconfig, which may have exec plugins. */
export class OperatorAccess implements AccessSource {
  #config: KubeConfig | undefined;

  constructor(private readonly load: () => KubeConfig = () => loadKubeConfig(process.env)) {}

  async get(): Promise<Access> {
    const config = (this.#config ??= this.load());
    const cluster = config.getCurrentCluster();
    if (!cluster) throw new Error('the kubeconfig has no current cluster');
    if (cluster.proxyUrl)
      throw new Error('proxy-url in the kubeconfig is not supported: the API server is reached directly');
    // The agent that this call makes is never used. The call is for the credentials that it collects, also from files and exec plugins.
    const options: RequestOptions = {};
    await config.applyToHTTPSOptions(options);
    return { server: cluster.server, headers: textHeaders(options), tls: tlsSettings(options) };
  }

  renew(): void {
    this.#config = undefined;
  }
}

/** The names and addresses of the operator's own API server, from every source that tells them. */
export function ownServers(environment: NodeJS.ProcessEnv): string[] {
  const server = loadKubeConfig(environment).getCurrentCluster()?.server;
  const host = environment['KUBERNETES_SERVICE_HOST'];
  return [...(host ? [host] : []), ...(server ? [new URL(server).hostname] : [])];
}

/** KUBECONFIG, if set, wins over the pod's service account, which wins over ~/.kube/config. */
export function loadKubeConfig(environment: NodeJS.ProcessEnv): KubeConfig {
  const config = new KubeConfig();
  if (!environment['KUBECONFIG'] && environment['KUBERNETES_SERVICE_HOST']) config.loadFromCluster();
  else config.loadFromDefault();
  return config;
}

const textHeaders = ({ headers }: RequestOptions): Record<string, string> =>
  Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name, String(value)]));

function tlsSettings({ ca, cert, key, servername, rejectUnauthorized }: RequestOptions): TlsSettings {
  return {
    ...(ca !== undefined && { ca: String(ca) }),
    ...(cert !== undefined && { cert: String(cert) }),
    ...(key !== undefined && { key: (key as Buffer | string).toString() }),
    ...(servername !== undefined && { servername }),
    ...(rejectUnauthorized !== undefined && { rejectUnauthorized }),
  };
}
