import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { Clients } from '../backends/aws/clients.ts';
import { startAws, type TestAws } from '../backends/aws/edge-start.ts';
import type { AwsFront } from '../backends/aws/front.ts';
import { OperatorAccess } from '../backends/aws/operator-access.ts';
import { ControlPlane, type ControlPlaneOptions } from '../backends/control-plane/control-plane.ts';
import { type Running, startBoth, stopAll } from '../backends/running.ts';
import { established } from './wait.ts';
import { bundle, Operator, type OperatorOptions } from './operator.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** A path in the clone. */
export const inClone = (path: string) => `${root}${path}`;

export const operatorNamespace = 'irsa-system';
export const installation = 'demo';
const accessKeyID = 'AKIAOPERATOR';

/** The roles that tests let the operator assume. */
const roles = ['operator', 'irsa-operator', 'irsa-dns', 'GiantSwarmAWSOperator'];

/** Minutes on AWS are parts of a second here. */
export const quickIntervals = {
  certificate: '300ms',
  distribution: '300ms',
  dns: '200ms',
  documents: '200ms',
  dependents: '300ms',
  missing: '500ms',
  propagation: '1s',
  resync: '5m',
} as const;

/** For tests of all but Guardrails, whose namespaces have none of their own. */
const everythingAllowed = {
  apiVersion: 'irsa.giantswarm.io/v1alpha1',
  kind: 'Guardrail',
  metadata: { name: 'everything' },
  spec: {
    namespaces: ['*'],
    accounts: ['Own', '*'],
    issuers: { aliases: ['*'], inCluster: true, tagKeys: ['*'] },
    roles: {
      managedPolicies: ['*'],
      inlinePolicies: {},
      subjectNamespaces: ['*'],
      names: ['*'],
      paths: ['*'],
      tagKeys: ['*'],
    },
  },
};

/** That the cluster has the webhook, as most do. Nobody answers there: tests that make pods have others. */
const podIdentityWebhook = {
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'MutatingWebhookConfiguration',
  metadata: { name: 'pod-identity-webhook' },
  webhooks: [
    {
      name: 'pod-identity-webhook.amazonaws.com',
      failurePolicy: 'Ignore',
      sideEffects: 'None',
      admissionReviewVersions: ['v1'],
      clientConfig: { url: 'https://127.0.0.1:1/mutate' },
      rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
    },
  ],
};

/** A cluster and an AWS on this machine, and operators that run against both. All ends with this process, however it ends. */
export class Environment {
  private readonly operators: Operator[] = [];
  private kubeconfig: Promise<string> | undefined;

  private constructor(
    readonly controlPlane: ControlPlane,
    readonly aws: TestAws,
    /** What AWS lets the operator do: no more than config/iam says. */
    readonly access: OperatorAccess,
    /** What ends with it. */
    private readonly own: readonly Running[],
  ) {}

  /** @throws naming the command that mends it, where a back end or the bundle is missing */
  static async start(options: ControlPlaneOptions = {}): Promise<Environment> {
    if (!existsSync(bundle)) throw new Error(`${bundle} is not there: run \`npm run setup\` first`);
    const [controlPlane, aws] = await startBoth(ControlPlane.start(options), startAws());
    const access = new OperatorAccess(aws.front.state, accessKeyID, { installation, domain: 'example.com', roles });
    const others = aws.front.authorize;
    aws.front.authorize = async (request, credential) => (await access.judge(request)) ?? others(request, credential);
    return new Environment(controlPlane, aws, access, [aws, controlPlane]);
  }

  /** Another cluster that shares this one's AWS, which has to live longer. */
  async another(): Promise<Environment> {
    const controlPlane = await ControlPlane.start();
    return new Environment(controlPlane, this.aws, this.access, [controlPlane]);
  }

  get front(): AwsFront {
    return this.aws.front;
  }

  /** Clients of a person who may do everything in that account. */
  account(accountID: string, region = 'eu-central-1'): Promise<Clients> {
    return new Clients(this.front, region).in(accountID);
  }

  /** The operator's CRDs and RBAC as a user installs them, and the CRDs of the kinds that it only reads. */
  async install(): Promise<void> {
    // The service account may be a new one.
    this.kubeconfig = undefined;
    const apply = (...what: string[]) => this.kubectl(['apply', ...what]);
    const packages = ['crd', 'default', 'components/in-cluster'].map((name) => apply('-k', inClone(`config/${name}`)));
    await Promise.all([...packages, apply('-f', inClone('test/crds'))]);
    const crds = ['oidcissuers', 'iamserviceaccounts', 'guardrails'].map((kind) => `${kind}.irsa.giantswarm.io`);
    const others = ['awsclusters.infrastructure.giantswarm.io', 'clusters.cluster.x-k8s.io'];
    await established((args) => this.kubectl(args), ...crds, ...others);
    const guardrail = this.kubectl(['apply', '-f', '-'], stringify(everythingAllowed));
    const webhook = this.kubectl(['apply', '-f', '-'], stringify(podIdentityWebhook));
    await Promise.all([
      apply('-k', inClone('config/components/aws-cluster')),
      // Without it, the operator asks again and again for a kind that it may not list.
      apply('-k', inClone('config/components/cluster-api')),
      guardrail,
      webhook,
    ]);
  }

  kubectl(args: readonly string[], input?: string): Promise<string> {
    return this.controlPlane.kubectl(args, input);
  }

  /** Where the AWS SDK and every other client of the internet are sent. */
  get awsEnvironment(): Record<string, string> {
    return {
      AWS_ENDPOINT_URL: this.front.url,
      AWS_ACCESS_KEY_ID: accessKeyID,
      AWS_SECRET_ACCESS_KEY: 'secret-of-the-operator',
      AWS_REGION: 'eu-central-1',
      AWS_EC2_METADATA_DISABLED: 'true',
      POD_NAMESPACE: operatorNamespace,
      // As curl takes them: without a scheme, and a range of addresses.
      HTTPS_PROXY: new URL(this.aws.edge.url).host,
      NO_PROXY: '127.0.0.0/8,localhost',
      AWS_CA_BUNDLE: this.aws.ca.certificateFile,
    };
  }

  /**
   * Starts the operator under its own service account. The configuration is laid over one with quick intervals.
   * From the second time on it needs no API server, so that one can start while the API server is down.
   */
  async startOperator(
    config: Readonly<Record<string, unknown>> = {},
    options: Partial<OperatorOptions> = {},
  ): Promise<Operator> {
    const intervals = { ...quickIntervals, ...(config.intervals as object | undefined) };
    this.kubeconfig ??= this.controlPlane.kubeconfigFor(operatorNamespace, 'irsa-operator');
    const operator = Operator.start({
      kubeconfig: await this.kubeconfig,
      environment: this.awsEnvironment,
      config: {
        installation,
        logLevel: 'debug',
        workloadClusters: { allowLoopback: true },
        // Several operators run on one machine.
        metrics: { port: 0 },
        ...config,
        intervals,
      },
      ...options,
    });
    this.operators.push(operator);
    return operator;
  }

  /** @throws at the end, where a call to AWS could not be named: whether it changed anything nobody knows. */
  async stop(): Promise<void> {
    await Promise.all(this.operators.map((operator) => operator.remove()));
    await stopAll(this.own);
  }
}
