import { type Step, ready } from '../../runtime/step.ts';
import type { RoleContext, RoleRemoval } from './context.ts';

/** The issuer is registered in the role's account. Each change of an issuer wakes the roles that name it. */
export const issuerStep: Step<RoleContext, RoleRemoval> = {
  condition: 'IssuersReady',
  needs: [],

  async reconcile({ object, situation }) {
    const issuer = `OIDCIssuer ${object.spec.issuerRefs.map(nameOf).join(', ')}`;
    const kept = situation.trusted.length > 0 ? '; what the role trusts already stays as it is' : '';
    const waiting = { state: 'waiting' } as const;
    switch (situation.state) {
      case 'ready':
        if (situation.issuer?.metadata.deletionTimestamp === undefined) return ready;
        return {
          state: 'ready',
          message: `${issuer} is being deleted, and the role stays as it is until that is allowed`,
        };
      case 'notFound':
        return { ...waiting, reason: 'IssuerNotFound', message: `${issuer} does not exist in this namespace${kept}` };
      case 'notReady':
        return {
          ...waiting,
          reason: 'IssuerNotReady',
          message: `${issuer} has no IAM OIDC provider for its URL in its account yet${kept}`,
        };
      case 'leaving':
        return { ...waiting, reason: 'IssuerNotReady', message: `${issuer} is being deleted${kept}` };
    }
  },
};

const nameOf = ({ namespace, name }: { readonly namespace: string; readonly name: string }) =>
  namespace === '' ? name : `${namespace}/${name}`;
