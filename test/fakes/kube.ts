import { randomUUID } from 'node:crypto';
import type { KubernetesObject, ManagedFields, ObjectMeta } from '../../src/api/meta.ts';
import { fieldManager } from '../../src/api/names.ts';
import { apiVersion, events, type NamespacedName, type Resource } from '../../src/api/resources.ts';
import type {
  DesiredObject,
  KubeClient,
  ListOptions,
  OwnerReference,
  Precondition,
} from '../../src/runtime/kube-client.ts';
import { KubeError } from '../../src/runtime/kube-error.ts';
import type { Gate } from './gate.ts';
import { appliedFields, manageAnnotations, standing } from './kube/managed-annotations.ts';
import { copy, mergePatch, without, type Json } from './kube/merge.ts';
import { finalizersOf, hasStatus, keyOf, meta, sameSpec, timestamp } from './kube/objects.ts';
import { sent, type SentEvent } from './kube/events.ts';
import { pruneAndDefault, schemaKey, schemas } from './kube/schema.ts';
import { type Applied, applyTo } from './kube/server-side-apply.ts';
import { sameJson } from '../../src/runtime/json.ts';

export type Verb = 'serves' | 'find' | 'list' | 'create' | 'apply' | 'patch' | 'patchStatus' | 'delete';

export interface Write {
  readonly verb: Verb;
  readonly resource: string;
  readonly ref: NamespacedName;
}

/** An object as a test writes it: what the API server fills in may be left out. */
export interface Seed {
  readonly metadata: NamespacedName & Partial<ObjectMeta> & { readonly ownerReferences?: readonly OwnerReference[] };
  readonly [field: string]: unknown;
}

/** As `spec.serviceAccountName=reader`. */
function isSelected(object: Json, selector: string | undefined): boolean {
  const [path = '', value] = selector?.split('=') ?? [];
  const found = path.split('.').reduce<unknown>((inner, key) => (inner as Json | undefined)?.[key], object);
  return selector === undefined || found === value;
}

/**
 * A Kubernetes API server in memory, as far as the operator can tell: generations, resource versions, finalizers,
 * the status subresource, server-side apply, and the schemas of crds/. It has no garbage collection and no validation.
 */
export class FakeKube implements KubeClient {
  /** Every write that arrived, also those that failed or changed nothing. */
  readonly writes: Write[] = [];
  readonly reads: Write[] = [];
  readonly #objects = new Map<string, Json>();
  readonly #applied = new Map<string, Applied>();
  readonly #faults: { verb: Verb; error: Error; tookEffect: boolean }[] = [];
  readonly #terminating = new Set<string>();
  readonly #now: () => Date;
  #version = 0;

  constructor(clock: { now(): Date } = { now: () => new Date() }) {
    this.#now = () => clock.now();
  }

  /** Stands around each write; a test may put another in its place. */
  gate: Gate = (_, act) => act();

  /** Kinds that this server does not know, as `version plural`; a test may put others in their place. */
  unserved: readonly string[] = [];

  /** What its own tokens carry; a test may put another in its place. */
  issuerURL: string | undefined;

  async serves(resource: Resource): Promise<boolean> {
    return this.#call('serves', resource, { namespace: '', name: '' }, () => this.#isServed(resource));
  }

  async issuer(): Promise<string | undefined> {
    return this.issuerURL;
  }

  /** What it publishes as its key set; a test may put another in its place. */
  keys: unknown = { keys: [] };

  async keySet(): Promise<unknown> {
    return this.keys;
  }

  /** The keys with which its API servers sign tokens, or how they fail, one after the other. A test may put others in their place. */
  signers: readonly (string | Error)[] = [new KubeError('asking for a token', 403, 'Forbidden')];
  /** For whom it was asked for tokens, and for which audience. */
  readonly tokensAsked: string[] = [];

  async signingKey({ namespace, name }: NamespacedName, audience: string): Promise<string> {
    const signer = this.signers[this.tokensAsked.length % this.signers.length] ?? new Error('nobody signs');
    this.tokensAsked.push(`${namespace}/${name} for ${audience}`);
    if (signer instanceof Error) throw signer;
    return signer;
  }

  /** Puts an object there as a user or another operator would, with its status. The same again is an update. */
  seed<O extends KubernetesObject = KubernetesObject>(resource: Resource, object: Seed): O {
    const key = keyOf(resource, object.metadata);
    const old = this.#objects.get(key);
    if (!old) return this.#add(resource, object) as O & Json;
    return this.#update(key, resource, { ...object, metadata: { ...meta(old), ...object.metadata } }) as O & Json;
  }

  /** The object as it is now; undefined if there is none. Not counted. */
  get<O extends KubernetesObject = KubernetesObject>(resource: Resource, ref: NamespacedName): O | undefined {
    return copy(this.#objects.get(keyOf(resource, ref))) as (O & Json) | undefined;
  }

  /** All of a kind. Not counted. */
  all<O extends KubernetesObject>(resource: Resource): readonly O[] {
    const prefix = `${schemaKey(resource)}/`;
    return [...this.#objects]
      .filter(([key]) => key.startsWith(prefix))
      .map(([, object]) => copy(object) as unknown as O);
  }

  /** As `kubectl edit` and `kubectl delete`, not counted. */
  edit(resource: Resource, ref: NamespacedName, body: Json): void {
    this.#patch(resource, ref, body, false);
  }
  remove(resource: Resource, ref: NamespacedName): void {
    this.#delete(resource, ref);
  }

  /** From now on the namespace is going away: nothing can be created in it. */
  terminateNamespace(namespace: string): void {
    this.#terminating.add(namespace);
  }

  /** The next call of that verb fails; with `tookEffect`, after it was carried out. */
  failNext(verb: Verb, error: Error, options: { readonly tookEffect?: boolean } = {}): void {
    this.#faults.push({ verb, error, tookEffect: options.tookEffect ?? false });
  }

  /** Somebody else does this between the next read of that kind and what comes of it. */
  afterNextFind(resource: Resource, act: () => void): void {
    const find = this.find.bind(this);
    this.find = async <O extends KubernetesObject>(asked: Resource, ref: NamespacedName) => {
      const found = await find<O>(asked, ref);
      if (asked === resource) {
        this.find = find;
        act();
      }
      return found;
    };
  }

  /** What was said with events.k8s.io, oldest first. */
  get events(): readonly SentEvent[] {
    return [...this.#objects]
      .filter(([key]) => key.startsWith(`${schemaKey(events)}/`))
      .map(([, event]) => sent(event));
  }

  /** Calls end at once here, so no signal has to end them. */
  during(_signal: AbortSignal): KubeClient {
    return this;
  }

  async find<O extends KubernetesObject>(resource: Resource, ref: NamespacedName): Promise<O | undefined> {
    return this.#call('find', resource, ref, () => {
      const found = this.#isServed(resource) ? this.get<O & Json>(resource, ref) : undefined;
      return found && (this.#withApplied(keyOf(resource, ref), found) as O & Json);
    });
  }

  async list<O extends KubernetesObject>(resource: Resource, options: ListOptions<O> = {}): Promise<readonly O[]> {
    return this.#call('list', resource, { namespace: options.namespace ?? '', name: '' }, () =>
      [...this.#objects.entries()]
        .filter(([key]) => key.startsWith(`${schemaKey(resource)}/`))
        .map(([, object]) => copy(object) as O & Json)
        .filter((object) => options.namespace === undefined || object.metadata.namespace === options.namespace)
        .filter((object) => isSelected(object, options.fieldSelector))
        .filter((object) => options.keep?.(object) ?? true),
    );
  }

  async create(resource: Resource, object: DesiredObject): Promise<void> {
    this.#call('create', resource, object.metadata, () => {
      if (this.#objects.has(keyOf(resource, object.metadata)))
        throw new KubeError(`${resource.kind} ${object.metadata.name} exists`, 409, 'AlreadyExists');
      this.#create(resource, object);
    });
  }

  async apply(resource: Resource, object: DesiredObject, options: { readonly force?: boolean } = {}): Promise<void> {
    this.#call('apply', resource, object.metadata, () => {
      const key = keyOf(resource, object.metadata);
      const applied: Json = { ...object, metadata: without(object.metadata, 'name', 'namespace', 'uid') };
      const old = this.#objects.get(key);
      const { uid } = object.metadata;
      if (uid !== undefined && uid !== (old && meta(old)['uid']))
        throw new KubeError(`uid mismatch: the provided object specified uid ${uid}`, 409, 'Conflict');
      let shared: ReadonlySet<string> = new Set();
      if (!old) this.#create(resource, object);
      else {
        const schema = schemas.get(schemaKey(resource));
        const { result, conflicts, ...known } = applyTo(old, this.#applied.get(key), applied, schema);
        if (conflicts.length > 0 && !options.force)
          throw new KubeError(`another manager holds ${conflicts.join(', ')}`, 409, 'Conflict');
        this.#update(key, resource, { ...result, ...(hasStatus(resource) && { status: old['status'] }) });
        shared = known.shared;
      }
      this.#applied.set(key, { fields: copy(applied), shared });
    });
  }

  #isServed({ version, plural }: Resource): boolean {
    return !this.unserved.includes(`${version} ${plural}`);
  }

  /** With the fields that we applied, besides those that an update made ours. */
  #withApplied(key: string, object: Json): Json {
    const applied = this.#applied.get(key);
    if (!applied) return object;
    const { managedFields = [] } = meta(object) as { managedFields?: readonly ManagedFields[] };
    const entry = { manager: fieldManager, operation: 'Apply', fieldsV1: appliedFields(applied.fields) };
    return { ...object, metadata: { ...meta(object), managedFields: [...managedFields, entry] } };
  }

  async patch<O extends KubernetesObject>(
    resource: Resource,
    ref: NamespacedName,
    body: Readonly<Record<string, unknown>>,
    options: { readonly subresource?: 'status' } = {},
  ): Promise<O> {
    const status = options.subresource === 'status';
    const verb = status ? 'patchStatus' : 'patch';
    return this.#call(verb, resource, ref, () => this.#patch(resource, ref, body, status, true) as O & Json);
  }

  async delete(resource: Resource, ref: NamespacedName, precondition: Precondition = {}): Promise<void> {
    this.#call('delete', resource, ref, () => {
      const { metadata } = this.get(resource, ref) ?? {};
      const wanted = Object.entries(precondition) as [keyof Precondition, string][];
      if (metadata && wanted.some(([field, value]) => metadata[field] !== value))
        throw new KubeError('the precondition does not match', 409, 'Conflict');
      this.#delete(resource, ref);
    });
  }

  #call<T>(verb: Verb, resource: Resource, { namespace, name }: NamespacedName, act: () => T): T {
    const isRead = verb === 'serves' || verb === 'find' || verb === 'list';
    const record = isRead ? this.reads : this.writes;
    record.push({ verb, resource: resource.plural, ref: { namespace, name } });
    const index = this.#faults.findIndex((fault) => fault.verb === verb);
    const [fault] = index === -1 ? [] : this.#faults.splice(index, 1);
    if (fault && !fault.tookEffect) throw fault.error;
    if (!isRead && !this.#isServed(resource)) throw new KubeError(`${verb} ${resource.kind}: 404`, 404, 'NotFound');
    const result = isRead ? act() : this.gate(`${verb} ${resource.plural}`, act);
    if (fault) throw fault.error;
    return result;
  }

  #create(resource: Resource, object: Json & DesiredObject): void {
    if (this.#terminating.has(object.metadata.namespace))
      throw new KubeError(
        `creating ${resource.kind} ${object.metadata.name}: namespace ${object.metadata.namespace} is being terminated`,
        403,
        'Forbidden',
      );
    const { status, ...rest } = object;
    this.#add(resource, hasStatus(resource) ? rest : { ...rest, ...(status !== undefined && { status }) });
  }

  #add(resource: Resource, object: Json): Json {
    const metadata = {
      uid: randomUUID(),
      creationTimestamp: timestamp(this.#now()),
      ...(hasStatus(resource) && { generation: 1 }),
      ...meta(object),
      resourceVersion: String(++this.#version),
    };
    const stored = this.#shape(resource, { ...object, metadata });
    this.#objects.set(keyOf(resource, stored['metadata'] as NamespacedName), stored);
    return copy(stored);
  }

  #patch(resource: Resource, ref: NamespacedName, body: Json, status: boolean, ours = false): Json {
    const key = keyOf(resource, ref);
    const old = this.#objects.get(key);
    if (!old) throw new KubeError(`${resource.kind} ${ref.namespace}/${ref.name} not found`, 404, 'NotFound');
    const patched = mergePatch(old, body) as Json;
    if (meta(patched)['resourceVersion'] !== meta(old)['resourceVersion'])
      throw new KubeError(`${resource.kind} ${ref.name} has been modified`, 409, 'Conflict');
    // Of all metadata, a patch of the status goes only by the version: not even by the UID.
    if (!status && meta(patched)['uid'] !== meta(old)['uid'])
      throw new KubeError(`${resource.kind} ${ref.name}: metadata.uid cannot be changed`, 422, 'Invalid');
    if (meta(old)['deletionTimestamp'] && finalizersOf(patched).some((name) => !finalizersOf(old).includes(name)))
      throw new KubeError('no new finalizers can be added if the object is being deleted', 422, 'Invalid');
    if (status) return this.#update(key, resource, { ...old, status: patched['status'] });
    return this.#update(key, resource, hasStatus(resource) ? { ...patched, status: old['status'] } : patched, ours);
  }

  #update(key: string, resource: Resource, next: Json, ours = false): Json {
    const old = this.#objects.get(key)!;
    const shaped = this.#shape(resource, next);
    const managedFields = manageAnnotations(old, shaped, { ours });
    shaped['metadata'] = {
      ...without(meta(shaped), 'managedFields'),
      ...(managedFields.length > 0 && { managedFields }),
    };
    const applied = this.#applied.get(key);
    if (applied) this.#applied.set(key, { ...applied, fields: standing(applied.fields, shaped) });
    if (meta(shaped)['deletionTimestamp'] && finalizersOf(shaped).length === 0) this.#drop(key);
    else if (!sameJson(shaped, old)) {
      const generation = meta(old)['generation'] as number | undefined;
      shaped['metadata'] = {
        ...meta(shaped),
        resourceVersion: String(++this.#version),
        ...(generation !== undefined && { generation: generation + (sameSpec(old, shaped) ? 0 : 1) }),
      };
      this.#objects.set(key, shaped);
    }
    return copy(shaped);
  }

  #delete(resource: Resource, ref: NamespacedName): void {
    const key = keyOf(resource, ref);
    const old = this.#objects.get(key);
    if (!old || meta(old)['deletionTimestamp']) return;
    if (finalizersOf(old).length === 0) return this.#drop(key);
    const generation = meta(old)['generation'] as number | undefined;
    old['metadata'] = {
      ...meta(old),
      deletionTimestamp: timestamp(this.#now()),
      resourceVersion: String(++this.#version),
      ...(generation !== undefined && { generation: generation + 1 }),
    };
  }

  #drop(key: string): void {
    this.#objects.delete(key);
    this.#applied.delete(key);
  }

  #shape(resource: Resource, object: Json): Json {
    const schema = schemas.get(schemaKey(resource));
    const { metadata, ...rest } = without(copy(object), 'apiVersion', 'kind');
    for (const [field, value] of Object.entries(rest)) if (value === undefined) delete rest[field];
    const content = schema ? (pruneAndDefault(rest, schema) as Json) : rest;
    return { ...content, apiVersion: apiVersion(resource), kind: resource.kind, metadata };
  }
}
