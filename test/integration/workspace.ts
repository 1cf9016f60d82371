import { CreateHostedZoneCommand } from '@aws-sdk/client-route-53';
import type { Condition } from '../../src/api/meta.ts';
import type { Clients } from '../backends/aws/clients.ts';
import type { AuditEvent } from '../backends/control-plane/audit.ts';
import { type Environment, inClone } from '../environment/environment.ts';
import { readResource } from '../environment/resources.ts';
import { until } from '../environment/wait.ts';
import { domain, type Manifest } from './objects.ts';

/** The account of the operator's own credentials. */
export const ownAccountID = '123456789012';

export interface Observed<Status = Readonly<Record<string, unknown>>> {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly generation: number;
    readonly deletionTimestamp?: string;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly finalizers?: readonly string[];
  };
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: Status & { readonly conditions?: readonly Condition[]; readonly observedGeneration?: number };
}

export interface Event {
  readonly type: string;
  readonly reason: string;
  readonly note: string;
}

interface EventList {
  readonly items: readonly (Event & { readonly regarding: { readonly kind: string; readonly name: string } })[];
}

/** A namespace to apply objects in, where the operator may write Secrets. */
export class Workspace {
  private constructor(
    readonly environment: Environment,
    readonly namespace: string,
  ) {}

  static async create(environment: Environment, namespace: string): Promise<Workspace> {
    await environment.kubectl(['create', 'namespace', namespace]);
    await environment.kubectl(['apply', '-k', inClone('config/components/secrets'), '--namespace', namespace]);
    return new Workspace(environment, namespace);
  }

  /** Clients of that account, which gets the public zone of all issuers. */
  async account(accountID: string): Promise<Clients> {
    const account = await this.environment.account(accountID);
    await account.route53.send(new CreateHostedZoneCommand({ Name: domain, CallerReference: accountID }));
    return account;
  }

  kubectl(args: readonly string[], input?: string): Promise<string> {
    return this.environment.kubectl(['--namespace', this.namespace, ...args], input);
  }

  async apply(...objects: readonly Manifest[]): Promise<void> {
    const items = objects.map((object) => ({
      ...object,
      metadata: { namespace: this.namespace, ...object.metadata },
    }));
    await this.environment.kubectl(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  }

  /** As a JSON merge patch. */
  async patch(kind: string, name: string, change: object): Promise<void> {
    await this.kubectl(['patch', kind, name, '--type=merge', '--patch', JSON.stringify(change)]);
  }

  /** Also waits until the operator has seen the newest spec. */
  async ready(...names: readonly string[]): Promise<void> {
    try {
      await this.kubectl(['wait', '--for=condition=Ready', ...names, '--timeout=90s']);
    } catch (error) {
      throw new Error(await this.kubectl(['describe', ...names]), { cause: error });
    }
  }

  find<Status>(kind: string, name: string): Promise<Observed<Status> | undefined> {
    return readResource(this.environment.controlPlane, { kind, namespace: this.namespace, name });
  }

  async get<Status>(kind: string, name: string): Promise<Observed<Status>> {
    const found = await this.find<Status>(kind, name);
    if (!found) throw new Error(`${kind} ${name} is not there`);
    return found;
  }

  async gone(kind: string, name: string): Promise<void> {
    await this.kubectl(['wait', '--for=delete', `${kind}/${name}`, '--timeout=60s']);
  }

  /** The condition once the operator has said it of the newest spec with this reason. */
  condition(kind: string, name: string, { type, reason }: { type: string; reason: string }): Promise<Condition> {
    return until(`${type} ${reason} of ${kind} ${name}`, async () => {
      const { metadata, status } = await this.get(kind, name);
      const found = status?.conditions?.find((condition) => condition.type === type);
      return found?.reason === reason && found.observedGeneration === metadata.generation ? found : undefined;
    });
  }

  async events(kind: string, name: string): Promise<readonly Event[]> {
    const { controlPlane } = this.environment;
    const list = await readResource<EventList>(controlPlane, { kind: 'event', namespace: this.namespace });
    return (list?.items ?? []).filter(({ regarding }) => regarding.kind === kind && regarding.name === name);
  }

  /** Waits long enough for all that an issuer takes. */
  event(kind: string, name: string, reason: string): Promise<Event> {
    const find = async () => (await this.events(kind, name)).find((event) => event.reason === reason);
    return until(`event ${reason} of ${kind} ${name}`, find, 60);
  }
}

/** What the operator asked the API server since `since`, with any identity of its own. */
export async function operatorRequests(
  { controlPlane }: Environment,
  since: number,
): Promise<{ requests: AuditEvent[]; next: number }> {
  const identities = [
    'system:serviceaccount:irsa-system:irsa-operator',
    // In kubeconfigs of workload clusters.
    'system:serviceaccount:kube-system:service-account-annotator',
  ];
  const { events, next } = await controlPlane.audit(since);
  return { requests: events.filter(({ user }) => identities.includes(user.username)), next };
}

/**
 * How many passes the operator has begun since then over each of the IAMServiceAccounts, at the least. The one before the last has
 * ended, because an object has one pass at a time.
 */
export async function passesOverRoles(
  environment: Environment,
  since: number,
  names: readonly string[],
): Promise<number> {
  const { requests } = await operatorRequests(environment, since);
  const read = requests
    .filter(({ verb, objectRef }) => verb === 'get' && objectRef?.resource === 'iamserviceaccounts')
    .map(({ objectRef }) => objectRef?.name);
  return Math.min(...names.map((name) => read.filter((each) => each === name).length));
}
