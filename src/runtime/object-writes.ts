import { finalizer } from '../api/names.ts';
import type { ManagedObject } from '../api/meta.ts';
import type { Resource } from '../api/resources.ts';
import { findDropped } from './dropped.ts';
import type { KubeClient } from './kube-client.ts';
import { mergePatch } from './merge-patch.ts';

export const hasFinalizer = (object: ManagedObject) => object.metadata.finalizers?.includes(finalizer) ?? false;

/** Writes what the loop keeps on each object of a kind: our finalizer and the status. */
export class ObjectWrites<O extends ManagedObject> {
  constructor(
    private readonly client: KubeClient,
    private readonly resource: Resource,
  ) {}

  /** Writes only if something differs. Returns the path of a field that the API server did not keep. */
  async status(object: O, draft: unknown): Promise<string | undefined> {
    const patch = mergePatch({ status: object.status ?? {} }, { status: draft });
    return patch && findDropped(patch, await this.#patch(object, patch, { subresource: 'status' }));
  }

  /** Finalizers that somebody else adds or takes away in the same moment are not lost: then the patch is refused. */
  async addFinalizer(object: O): Promise<void> {
    if (hasFinalizer(object)) return;
    await this.#setFinalizers(object, [...(object.metadata.finalizers ?? []), finalizer]);
  }

  /** The same holds here. */
  async removeFinalizer(object: O): Promise<void> {
    await this.#setFinalizers(
      object,
      (object.metadata.finalizers ?? []).filter((name) => name !== finalizer),
    );
  }

  async #setFinalizers(object: O, finalizers: readonly string[]): Promise<void> {
    const { resourceVersion } = object.metadata;
    await this.#patch(object, { metadata: { resourceVersion, finalizers } });
  }

  #patch(object: O, body: Record<string, unknown>, options?: { readonly subresource: 'status' }): Promise<O> {
    const { namespace, name } = object.metadata;
    return this.client.patch(this.resource, { namespace, name }, body, options);
  }
}
