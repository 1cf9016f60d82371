/** How one API server is reached and who asks. */
export interface Access {
  /** Base URL; it may have a path. */
  readonly server: string;
  /** Credentials, unless a client certificate is the credential. */
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TlsSettings;
}

/** Everything here is PEM. */
export interface TlsSettings {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** The name that the server's certificate must have, if it is not the host of the URL. */
  readonly servername?: string;
  /** Only the operator's own kubeconfig can say false. */
  readonly rejectUnauthorized?: boolean;
}

export interface AccessSource {
  /** Asked before each call, so that rotated tokens and certificates are seen. */
  get(): Promise<Access>;
  /** The server did not accept the credentials: the next get() must not answer from memory. */
  renew(): void;
}
