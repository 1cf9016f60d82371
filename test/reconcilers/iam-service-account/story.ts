import type { IAMServiceAccountSpec, IAMServiceAccountStatus } from '../../../src/api/generated/iam-service-account.ts';
import type { OIDCIssuerSpec, OIDCIssuerStatus } from '../../../src/api/generated/oidc-issuer.ts';
import type { IAMServiceAccount, OIDCIssuer } from '../../../src/api/kinds.ts';
import type { Condition, KubernetesObject } from '../../../src/api/meta.ts';
import { iamServiceAccounts, oidcIssuers, serviceAccounts } from '../../../src/api/resources.ts';
import { iamServiceAccountDefinition } from '../../../src/controllers/iam-service-account/definition.ts';
import { dependentsOf } from '../../../src/controllers/dependents.ts';
import type { SiteEntry } from '../../../src/controllers/oidc-issuer/site/site.ts';
import type { TrustPolicy } from '../../../src/oidc/trust-policy.ts';
import type { FakeRole } from '../../fakes/aws/iam.ts';
import type { Seed } from '../../fakes/kube.ts';
import { World } from '../world.ts';

export const accountID = '111122223333';
export const ref = { namespace: 'default', name: 's3-reader' };
export const roleName = 's3-reader-3816911d4b8e166d';
export const roleARN = `arn:aws:iam::${accountID}:role/irsa/test/default/${roleName}`;
export const readOnly = 'arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess';
export const document =
  '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:PutObject","Resource":"arn:aws:s3:::a+b/%41*"}]}';

type Spec = Partial<IAMServiceAccountSpec>;

/** What a user applies: one service account, one managed policy, one inline policy. */
export function account(spec: Spec = {}, name = ref.name): Seed {
  return {
    metadata: { ...ref, name },
    spec: {
      issuerRefs: [{ namespace: '', name: 'abcl0' }],
      subjects: [{ namespace: 'default', name: 's3-reader' }],
      policies: { managed: ['AmazonS3ReadOnlyAccess'], inline: [{ name: 'echo', document }] },
      ...spec,
    },
  };
}

interface IssuerChanges {
  readonly spec?: Partial<OIDCIssuerSpec>;
  readonly status?: OIDCIssuerStatus;
  readonly metadata?: object;
}

/** What is recorded of a site. */
export const siteOf = (url: string, phase: SiteEntry['phase'] = 'Current'): SiteEntry => ({
  url,
  hosting: 'CloudFront',
  phase,
  since: '2030-01-01T00:00:00Z',
  bucket: { name: 'bucket', owned: true },
});

/** What the providers step of the issuer writes down. */
export function registered(host: string, audiences: string[] = ['sts.amazonaws.com']): OIDCIssuerStatus {
  const url = `https://${host}`;
  const arn = `arn:aws:iam::${accountID}:oidc-provider/${host}`;
  return {
    issuerURL: url,
    accountID,
    sites: [siteOf(url)],
    providers: [{ url, arn, accountID, audiences, owned: true }],
  };
}

/** An issuer that is ready, in the account of the operator, with a workload cluster. */
export function issuer(name = 'abcl0', { spec, status, metadata }: IssuerChanges = {}): Seed {
  const host = `irsa.${name}.example.com`;
  return {
    metadata: { namespace: 'default', name, ...metadata },
    spec: {
      region: 'eu-central-1',
      hosting: { cloudFront: { alias: host } },
      cluster: { kubeconfigSecretRef: { name: 'abcl0-kubeconfig', key: 'value' } },
      ...spec,
    },
    status: status ?? registered(host),
  };
}

/** Where all is there that an IAMServiceAccount needs, and one is applied. */
export class Story extends World {
  #run = this.runner(iamServiceAccountDefinition(this));
  #looks = 0;

  constructor(spec: Spec = {}) {
    super();
    this.kube.seed(oidcIssuers, issuer());
    this.seedSecret('abcl0-kubeconfig', { value: this.kubeconfig });
    this.workload.seed(serviceAccounts, { metadata: { namespace: 'default', name: 's3-reader' } });
    this.kube.seed(iamServiceAccounts, account(spec));
  }

  /** Another process. It forgets what was read on AWS only if `accounts` are others. */
  restart(): void {
    this.#run = this.runner(iamServiceAccountDefinition(this));
  }

  reconcile(name = ref.name) {
    return this.#run({ ...ref, name });
  }

  reconcileIn(namespace: string) {
    return this.#run({ ...ref, namespace });
  }

  get iam() {
    return this.aws.account().iam;
  }

  /** The role as IAM has it. Throws where there is none. */
  get role(): FakeRole {
    const role = this.iam.roles.get(roleName);
    if (!role) throw new Error('there is no role');
    return role;
  }

  /** The service accounts that the role lets in. */
  get trusted(): string[] {
    const { Statement: statements } = JSON.parse(this.role.trustPolicy) as TrustPolicy;
    return statements.flatMap(({ Condition: condition }) => {
      const { StringEquals: equals = {} } = (condition ?? {}) as { StringEquals?: Record<string, string[]> };
      return Object.entries(equals).flatMap(([key, values]) => (key.endsWith(':sub') ? values : []));
    });
  }

  get object(): IAMServiceAccount {
    const object = this.kube.get<IAMServiceAccount>(iamServiceAccounts, ref);
    if (!object) throw new Error('the object is gone');
    return object;
  }

  get isGone(): boolean {
    return this.kube.get(iamServiceAccounts, ref) === undefined;
  }

  /** Whether the issuer abcl0, were it deleted, would wait for this object. */
  get holdsIssuer(): boolean {
    const abcl0 = this.kube.get<OIDCIssuer>(oidcIssuers, { namespace: 'default', name: 'abcl0' });
    return abcl0 !== undefined && dependentsOf(abcl0, [this.object]).length > 0;
  }

  get status(): IAMServiceAccountStatus {
    return this.object.status ?? {};
  }

  condition(type: string, name = ref.name): Pick<Condition, 'status' | 'reason' | 'message'> | undefined {
    const object = this.kube.get<IAMServiceAccount>(iamServiceAccounts, { ...ref, name });
    return object?.status?.conditions?.find((condition) => condition.type === type);
  }

  /** As `kubectl apply` of an object that is not there. */
  apply(spec: Spec = {}, name = ref.name): void {
    this.kube.seed(iamServiceAccounts, account(spec, name));
  }

  edit(spec: { readonly [field in keyof Spec]: unknown }): void {
    this.kube.edit(iamServiceAccounts, ref, { spec });
  }

  /** Each call asks anew. */
  askForLook(name = ref.name): void {
    const value = `${++this.#looks}`;
    const metadata = { annotations: { 'irsa.giantswarm.io/reconcile-at': value } };
    this.kube.edit(iamServiceAccounts, { ...ref, name }, { metadata });
  }

  annotatePlan(value: string | null): void {
    this.kube.edit(iamServiceAccounts, ref, { metadata: { annotations: { 'irsa.giantswarm.io/plan': value } } });
  }

  delete(): void {
    this.kube.remove(iamServiceAccounts, ref);
  }

  /** As `kubectl delete oidcissuer`; `warned`: its controller has said that it waits for the roles that trust it. */
  deleteIssuer({ allow, warned = false }: { readonly allow?: string; readonly warned?: boolean } = {}): void {
    const abcl0 = { namespace: 'default', name: 'abcl0' };
    if (allow !== undefined) {
      this.kube.edit(oidcIssuers, abcl0, { metadata: { annotations: { 'irsa.giantswarm.io/allow-deletion': allow } } });
    }
    this.kube.remove(oidcIssuers, abcl0);
    if (!warned) return;
    const remaining = { type: 'ProvidersReady', status: 'False', reason: 'DependentsRemaining', message: '' };
    const status = { conditions: [{ ...remaining, lastTransitionTime: '2030-01-01T00:00:00Z' }] };
    void this.kube.patch(oidcIssuers, abcl0, { status }, { subresource: 'status' });
  }

  deleteIssuerForGood(): void {
    this.deleteIssuer({ allow: 'true', warned: true });
  }

  annotations(name = 's3-reader'): Readonly<Record<string, string>> {
    const found = this.workload.get<KubernetesObject>(serviceAccounts, { namespace: 'default', name });
    return found?.metadata.annotations ?? {};
  }

  /** As a restore from a backup does, which leaves the status out. */
  loseStatus(): void {
    const { metadata, spec } = this.object;
    this.kube.seed(iamServiceAccounts, { metadata: { ...metadata }, spec });
  }

  takeAnnotations(): void {
    const annotations = Object.fromEntries(Object.keys(this.annotations()).map((key) => [key, null]));
    this.workload.edit(serviceAccounts, { namespace: 'default', name: 's3-reader' }, { metadata: { annotations } });
  }
}
