import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { get, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { programPath, type ProgramName } from '../../../scripts/setup/control-plane.mjs';
import type { Certificate } from '../certificates.ts';
import { GuardedDirectory, GuardedProcess } from '../guard.ts';
import { plainEnvironment } from '../plain-environment.ts';
import { freePort, onFreePorts } from '../port.ts';
import { ApiServer } from './api-server.ts';
import { auditPolicy, readAudit, type AuditEvent } from './audit.ts';
import { type ControlPlaneDefaults, type Files, writeFiles } from './files.ts';
import { controllerManagerFlags, etcdFlags, type ServiceAccountOptions } from './flags.ts';
import { kubeconfig, type Identity } from './kubeconfig.ts';

export interface ControlPlaneOptions {
  /** The issuers whose service-account tokens are accepted; new tokens carry the first. Absent: the control plane's own. */
  readonly issuers?: readonly string[];
  /** Absent: the control plane's own key. */
  readonly signingKeyFile?: string;
  /** Keys whose tokens are accepted besides those of the signing key. */
  readonly verifyingKeyFiles?: readonly string[];
  /** The oldest Kubernetes that the operator supports, without a controller manager. Absent: the newest. */
  readonly oldest?: boolean;
  /** Flags of the first API server beside its own. */
  readonly flags?: readonly string[];
}

/**
 * Go's garbage collector takes a third of what an API server or a kubectl computes in its short life. So it collects when
 * the heap has grown ninefold, and from a gigabyte on as often as it must to stay there: https://go.dev/doc/gc-guide.
 */
const spareCollections = { GOGC: '800', GOMEMLIMIT: '1GiB' };

/**
 * A real Kubernetes control plane on the loopback address: etcd, kube-apiserver with RBAC and an audit log, and
 * kube-controller-manager for garbage collection, namespaces and their service accounts. No node, so no pod ever runs.
 * It ends with this process, however that ends.
 */
export class ControlPlane {
  readonly dir: string;
  readonly url: string;
  readonly caFile: string;
  /** Of the user `admin`, who may do everything. */
  readonly kubeconfig: string;
  readonly auditLog: string;
  readonly defaults: ControlPlaneDefaults;

  private admin: Certificate | undefined;
  private etcd: GuardedProcess | undefined;
  private apiServer: ApiServer | undefined;
  private readonly others: ApiServer[] = [];
  private controllerManager: GuardedProcess | undefined;

  private constructor(
    private readonly home: GuardedDirectory,
    private readonly files: Files,
    private readonly etcdPort: number,
    private readonly port: number,
  ) {
    this.dir = home.path;
    this.url = `https://127.0.0.1:${port}`;
    this.caFile = files.caFile;
    this.kubeconfig = join(this.dir, 'admin.kubeconfig');
    this.auditLog = join(this.dir, 'audit.log');
    this.defaults = files.defaults;
  }

  /** `findPort` is for tests of what happens to a port between its being found and taken. */
  static start(options: ControlPlaneOptions = {}, findPort = freePort): Promise<ControlPlane> {
    return onFreePorts(() => ControlPlane.#start(options, findPort));
  }

  static async #start(options: ControlPlaneOptions, findPort: () => Promise<number>): Promise<ControlPlane> {
    const home = GuardedDirectory.create('irsa-control-plane');
    const files = await writeFiles(home.path);
    const controlPlane = new ControlPlane(home, files, await findPort(), await findPort());
    try {
      await controlPlane.startAll(options);
    } catch (error) {
      await controlPlane.stop();
      throw new Error('starting the control plane', { cause: error });
    }
    return controlPlane;
  }

  /** Starts the API server again with other service-account flags, on the same port and data, as a user rolls control-plane nodes. */
  async restartApiServer(options: ControlPlaneOptions): Promise<void> {
    await this.stopApiServer();
    await this.startApiServer(options);
    this.startControllerManager();
  }

  /** Until `restartApiServer`. */
  async stopApiServer(): Promise<void> {
    await Promise.all([this.apiServer?.stop(), this.controllerManager?.stop()]);
  }

  /** Runs kubectl as `admin` and gives what it printed; rejects with its standard error. */
  kubectl(args: readonly string[], input?: string): Promise<string> {
    return new Promise((resolve, reject) => {
      // A cache of its own: the user's is by host and port, which an earlier control plane may have had.
      const own = { KUBECONFIG: this.kubeconfig, KUBECACHEDIR: join(this.dir, 'kubectl-cache'), ...spareCollections };
      const env = { ...plainEnvironment(), ...own };
      const child = execFile('kubectl', args, { env, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
        if (error) reject(new Error(`kubectl ${args.join(' ')}: ${stderr.trim() || error.message}`));
        else resolve(stdout);
      });
      child.stdin?.end(input);
    });
  }

  /**
   * Reads a path of the API as `admin`; undefined where there is nothing. For what tests look at again and again: a kubectl
   * takes 100 ms of a core.
   */
  async read(path: string): Promise<string | undefined> {
    return this.first.read(path);
  }

  /** Starts one more API server on the same data, as a cluster of several control-plane nodes has it. It ends with the others. */
  async addApiServer(options: ControlPlaneOptions): Promise<ApiServer> {
    const port = await freePort();
    const server = this.newApiServer(port, join(this.dir, `audit-${port}.log`));
    this.others.push(server);
    await server.start(this.serviceAccounts(options), 'kube-apiserver');
    return server;
  }

  /** Restarts one that was added. */
  async restartAdded(server: ApiServer, options: ControlPlaneOptions): Promise<void> {
    await server.stop();
    await server.start(this.serviceAccounts(options), 'kube-apiserver');
  }

  /** The one that the control plane began with. */
  get first(): ApiServer {
    if (!this.apiServer) throw new Error('the control plane has not started');
    return this.apiServer;
  }

  /**
   * Writes a kubeconfig file with a token of the service account, as a program that runs under its RBAC has it.
   * Nobody renews it, so it lasts for as long as somebody may keep the demo running.
   */
  async kubeconfigFor(namespace: string, serviceAccount: string): Promise<string> {
    const token = await this.kubectl(['create', 'token', serviceAccount, '-n', namespace, '--duration=24h']);
    const file = join(this.dir, `${namespace}-${serviceAccount}.kubeconfig`);
    return this.writeKubeconfig(file, serviceAccount, { token: token.trim() });
  }

  /** The answered requests in the audit log since `next` of an earlier call. */
  audit(since = 0): Promise<{ events: AuditEvent[]; next: number }> {
    return readAudit(this.auditLog, since);
  }

  async stop(): Promise<void> {
    const servers = [this.apiServer, ...this.others].map((server) => server?.stop());
    await Promise.all([this.controllerManager?.stop(), ...servers, this.etcd?.stop()]);
    await this.home.remove();
  }

  private async startAll(options: ControlPlaneOptions): Promise<void> {
    const [admin, manager] = await Promise.all([
      this.files.ca.issue({ subject: 'O=system:masters,CN=admin' }),
      this.files.ca.issue({ subject: 'CN=system:kube-controller-manager' }),
      writeFile(join(this.dir, 'audit-policy.json'), JSON.stringify(auditPolicy)),
    ]);
    this.admin = admin;
    await this.writeKubeconfig(this.kubeconfig, 'admin', { certificate: admin });
    await this.writeKubeconfig(this.managerKubeconfig, 'controller-manager', { certificate: manager });
    this.etcd = this.run('etcd', etcdFlags(join(this.dir, 'etcd'), this.etcdPort));
    await this.etcd.ready(() => this.checkEtcd());
    await this.startApiServer(options);
    if (options.oldest) return;
    this.startControllerManager();
    await this.controllerManager?.ready(() => this.kubectl(['get', 'serviceaccount', 'default', '-n', 'default']));
  }

  private async startApiServer(options: ControlPlaneOptions): Promise<void> {
    this.apiServer ??= this.newApiServer(this.port, this.auditLog);
    await this.apiServer.start(
      this.serviceAccounts(options),
      options.oldest ? 'oldest kube-apiserver' : 'kube-apiserver',
      options.flags,
    );
  }

  private newApiServer(port: number, auditLog: string): ApiServer {
    const { dir, etcdPort, caFile, admin, files } = this;
    if (!admin) throw new Error('the control plane has not started');
    const { serving, ca } = files;
    return new ApiServer({
      dir,
      etcdPort,
      port,
      ca: ca.certificate,
      caFile,
      serving,
      auditLog,
      admin,
      env: spareCollections,
    });
  }

  private serviceAccounts({ issuers, signingKeyFile, verifyingKeyFiles }: ControlPlaneOptions): ServiceAccountOptions {
    const { defaults } = this.files;
    return {
      issuers: issuers ?? [defaults.issuer],
      signingKeyFile: signingKeyFile ?? defaults.signingKeyFile,
      verifyingKeyFiles: verifyingKeyFiles ?? [],
    };
  }

  /** Throws where etcd does not serve, and also where something else answers at its port. */
  private async checkEtcd(): Promise<void> {
    const options = { host: '127.0.0.1', port: this.etcdPort, path: '/health', agent: false };
    const request = get({ ...options, signal: AbortSignal.timeout(1_000) });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    response.resume();
    if (response.statusCode !== 200) throw new Error(`etcd answers ${response.statusCode}`);
  }

  private startControllerManager(): void {
    this.controllerManager = this.run('kube-controller-manager', controllerManagerFlags(this.managerKubeconfig));
  }

  private get managerKubeconfig(): string {
    return join(this.dir, 'controller-manager.kubeconfig');
  }

  private run(program: ProgramName, flags: readonly string[]): GuardedProcess {
    return GuardedProcess.start(programPath(program), flags, {
      log: join(this.dir, `${program}.log`),
      env: spareCollections,
    });
  }

  private async writeKubeconfig(file: string, user: string, identity: Identity): Promise<string> {
    const content = kubeconfig({ server: this.url, ca: this.files.ca.certificate, user, identity });
    await writeFile(file, content, { mode: 0o600 });
    return file;
  }
}
