import type { OIDCIssuerStatus } from '../api/generated/oidc-issuer.ts';
import type { SharedIamObserver } from '../aws/shared-iam.ts';
import type { OperatorMetrics } from '../observability/operator-metrics.ts';
import type { PassObserver } from '../runtime/object-reconciler.ts';
import type { Reconcile } from '../runtime/reconciler.ts';

/**
 * Keeps what the metrics say of each OIDCIssuer.
 * @param options.isLookedAt whether the operator looks at what is served: else nothing is known of `Verified`
 */
export function issuerMetrics(
  { verified, certificates }: Pick<OperatorMetrics, 'verified' | 'certificates'>,
  { now, isLookedAt }: { readonly now: () => Date; readonly isLookedAt: boolean },
): PassObserver<OIDCIssuerStatus> {
  return {
    passed({ namespace, name }, { findings, status }) {
      const labels = { namespace, name };
      const isVerified = findings.some(({ type, state }) => type === 'Verified' && state === 'ready');
      if (isLookedAt && isVerified) verified.set(labels, toSeconds(now()));
      else if (isLookedAt) verified.initialize(labels, 0);
      const ends = (status.sites ?? []).flatMap(({ certificate }) => certificate?.notAfter ?? []);
      if (ends.length === 0) certificates.delete(labels);
      else certificates.set(labels, Math.min(...ends.map((end) => toSeconds(new Date(end)))));
    },
    gone({ namespace, name }) {
      for (const gauge of [verified, certificates]) gauge.delete({ namespace, name });
    },
  };
}

/** Keeps what the metrics say of each AWS account. */
export const accountMetrics = ({
  iamQuotas,
  iamUsed,
  roleSweeps,
}: Pick<OperatorMetrics, 'iamQuotas' | 'iamUsed' | 'roleSweeps'>): SharedIamObserver => ({
  summarized(account, { quotas, used }) {
    for (const [quota, value] of told(quotas)) iamQuotas.set({ account, quota }, value);
    for (const [quota, value] of told(used)) iamUsed.set({ account, quota }, value);
  },
  swept: (account, result) => roleSweeps.increment({ account, result }),
});

/** Counts how passes end. One that waits for something is no error. */
export const countedPasses =
  (reconcile: Reconcile, count: (result: 'success' | 'error') => void): Reconcile =>
  async (ref, turn) => {
    try {
      const result = await reconcile(ref, turn);
      count(result.failed ? 'error' : 'success');
      return result;
    } catch (error) {
      count('error');
      throw error;
    }
  };

const told = (numbers: object) =>
  Object.entries(numbers).filter((each): each is [string, number] => each[1] !== undefined);

const toSeconds = (date: Date) => Math.floor(date.getTime() / 1000);
