import type { OIDCIssuer } from '../api/kinds.ts';
import type { KubernetesObject } from '../api/meta.ts';
import { namespaces } from '../api/resources.ts';
import type { KubeClient } from '../runtime/kube-client.ts';

type Selector = NonNullable<NonNullable<OIDCIssuer['spec']['allowedNamespaces']>['selector']>;
type Labels = Readonly<Record<string, string>>;

/** Whether IAMServiceAccounts of the namespace may refer to the issuer. Those of the issuer's own namespace always may. */
export async function allowsNamespace(issuer: OIDCIssuer, namespace: string, kube: KubeClient): Promise<boolean> {
  if (namespace === issuer.metadata.namespace) return true;
  const { from = 'Same', selector } = issuer.spec.allowedNamespaces ?? {};
  switch (from) {
    case 'Same':
      return false;
    case 'All':
      return true;
    case 'Selector': {
      const found = selector && (await kube.find<KubernetesObject>(namespaces, { namespace: '', name: namespace }));
      return found !== undefined && matchesSelector(selector ?? {}, found.metadata.labels ?? {});
    }
  }
}

/** As Kubernetes matches it: an empty selector matches everything. */
export function matchesSelector({ matchLabels = {}, matchExpressions = [] }: Selector, labels: Labels): boolean {
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      const value = labels[key];
      switch (operator) {
        case 'In':
          return value !== undefined && values.includes(value);
        case 'NotIn':
          return value === undefined || !values.includes(value);
        case 'Exists':
          return value !== undefined;
        case 'DoesNotExist':
          return value === undefined;
      }
    })
  );
}
