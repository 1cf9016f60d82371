import { expect } from '@jest/globals';
import type { ControlPlane } from '../backends/control-plane/control-plane.ts';
import type { Case } from '../crds/cases.ts';
import { minimal, type Example } from '../crds/examples.ts';
import { kinds } from '../crds/schema.ts';
import type { Cause } from '../crds/violations.ts';
import { kubectlProxy } from './kubectl-proxy.ts';

export interface Verdict {
  readonly object: Example;
  /** Why it was refused; none where it was taken. */
  readonly causes: readonly Cause[];
}

const dryRun = '?dryRun=All&fieldValidation=Strict';

/** Objects of our kinds in one namespace, sent to the API server as they are: kubectl would judge them first. */
export class Objects {
  private constructor(
    private readonly namespace: string,
    private readonly proxy: Awaited<ReturnType<typeof kubectlProxy>>,
  ) {}

  static async in(namespace: string, { kubeconfig }: ControlPlane): Promise<Objects> {
    return new Objects(namespace, await kubectlProxy(kubeconfig));
  }

  create(object: Example): Promise<Verdict> {
    return this.#send('POST', this.#collection(object), object);
  }

  /** Makes it, status and all, where its kind has one. */
  async make(object: Example): Promise<Example> {
    const { object: made, causes } = await this.create(object);
    if (causes.length > 0) throw new Error(JSON.stringify(causes));
    if (!object.status) return made;
    const path = `${this.#collection(object)}/${object.metadata.name}/status`;
    return (await this.#send('PUT', path, { ...made, status: { ...made.status, ...object.status } })).object;
  }

  tryNew(object: Example): Promise<Verdict> {
    return this.#send('POST', this.#collection(object) + dryRun, object);
  }

  tryChange(object: Example, part: 'spec' | 'status' = 'spec'): Promise<Verdict> {
    const path = `${this.#collection(object)}/${object.metadata.name}${part === 'status' ? '/status' : ''}`;
    return this.#send('PUT', path + dryRun, object);
  }

  /** Sees the API server take or refuse the case, for an object of that name. */
  async expectVerdict({ kind, from, to, refusal, field }: Case, name: string): Promise<void> {
    let object = minimal(kind);
    object.metadata.name = name;
    if (from) {
      from(object);
      object = await this.make(object);
    }
    to(object);
    const { causes } = from ? await this.tryChange(object) : await this.tryNew(object);
    const expected = {
      field: field ?? expect.stringMatching(/^(spec|metadata)\./),
      message: expect.stringContaining(refusal ?? ''),
    };
    expect(causes).toEqual(refusal === undefined ? [] : [expect.objectContaining(expected)]);
  }

  close(): void {
    this.proxy.stop();
  }

  #collection({ kind }: Example): string {
    const namespace = kind === 'Guardrail' ? '' : `namespaces/${this.namespace}/`;
    return `/apis/irsa.giantswarm.io/v1alpha1/${namespace}${kinds[kind]}`;
  }

  async #send(method: string, path: string, object: Example): Promise<Verdict> {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(this.proxy.url + path, { method, headers, body: JSON.stringify(object) });
    if (response.ok) return { object: (await response.json()) as Example, causes: [] };
    const refusal = (await response.json()) as { reason: string; message: string; details: { causes: Cause[] } };
    if (refusal.reason !== 'Invalid') throw new Error(refusal.message);
    return { object, causes: refusal.details.causes };
  }
}
