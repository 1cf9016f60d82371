import type { KubernetesObject } from '../../src/api/meta.ts';
import type { Resource } from '../../src/api/resources.ts';
import type { Index, Lookup } from '../../src/runtime/lookup.ts';
import type { FakeKube } from './kube.ts';

/** As an informer that is never late would have filled the index. Reading it counts as no read. */
export function lookupIn<O extends KubernetesObject, S>(
  kube: FakeKube,
  resource: Resource,
  make: () => Index<O, S>,
): Lookup<S> {
  return {
    under(key) {
      const index = make();
      for (const object of kube.all<O>(resource)) {
        const { namespace, name } = object.metadata;
        index.changed({ ref: { namespace, name }, selected: index.select(object), kind: 'changed', pending: false });
      }
      return index.under(key);
    },
  };
}
