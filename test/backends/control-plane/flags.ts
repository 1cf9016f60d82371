/** The tokens that an API server signs and accepts. */
export interface ServiceAccountOptions {
  /** The issuers whose tokens are accepted; new tokens carry the first. */
  readonly issuers: readonly string[];
  readonly signingKeyFile: string;
  /** Keys that tokens may be signed with besides the signing key. */
  readonly verifyingKeyFiles: readonly string[];
}

export function etcdFlags(dataDir: string, clientPort: number): string[] {
  const client = `http://127.0.0.1:${clientPort}`;
  return [
    `--data-dir=${dataDir}`,
    '--unsafe-no-fsync',
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    // A cluster of one has no peers: this port is only there because etcd wants one.
    '--listen-peer-urls=http://127.0.0.1:0',
    '--log-level=warn',
  ];
}

export interface ApiServerOptions {
  readonly etcdPort: number;
  readonly port: number;
  /** Where the server may write what it makes for itself. */
  readonly dir: string;
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
  readonly auditPolicyFile: string;
  readonly auditLog: string;
  readonly serviceAccounts: ServiceAccountOptions;
}

/** The audience by which tokens are meant for the API server itself, whatever issuers it has. */
const apiServerAudience = 'https://kubernetes.default.svc';

export function apiServerFlags(options: ApiServerOptions): string[] {
  const { issuers, signingKeyFile, verifyingKeyFiles } = options.serviceAccounts;
  return [
    `--etcd-servers=http://127.0.0.1:${options.etcdPort}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${options.port}`,
    `--cert-dir=${options.dir}`,
    `--tls-cert-file=${options.certFile}`,
    `--tls-private-key-file=${options.keyFile}`,
    `--client-ca-file=${options.caFile}`,
    ...issuers.map((issuer) => `--service-account-issuer=${issuer}`),
    `--service-account-jwks-uri=${issuers[0]}/keys.json`,
    `--service-account-signing-key-file=${signingKeyFile}`,
    ...[signingKeyFile, ...verifyingKeyFiles].map((file) => `--service-account-key-file=${file}`),
    `--api-audiences=${[...new Set([...issuers, apiServerAudience])].join(',')}`,
    '--authorization-mode=RBAC',
    `--audit-policy-file=${options.auditPolicyFile}`,
    `--audit-log-path=${options.auditLog}`,
    // MiB. Who reads on from a place in the log would miss what was moved to another file.
    '--audit-log-maxsize=10000',
    '--service-cluster-ip-range=10.0.0.0/24',
    '--profiling=false',
  ];
}

export function controllerManagerFlags(kubeconfig: string): string[] {
  return [
    `--kubeconfig=${kubeconfig}`,
    '--controllers=garbage-collector-controller,namespace-controller,serviceaccount-controller',
    // Each controller acts as its own service account: the manager's own user may delete nothing.
    '--use-service-account-credentials=true',
    '--authentication-skip-lookup',
    '--leader-elect=false',
    '--secure-port=0',
  ];
}
