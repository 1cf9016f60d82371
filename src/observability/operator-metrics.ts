import { Metrics } from './metrics.ts';

/** All that the operator counts and measures: docs/metrics.md. */
export class OperatorMetrics {
  readonly #metrics = new Metrics();

  readonly reconciles = this.#metrics.counter({
    name: 'irsa_reconcile_total',
    help: 'Passes over objects of a kind, by how they ended.',
    labels: ['kind', 'result'],
  });

  readonly awsCalls = this.#metrics.counter({
    name: 'irsa_aws_calls_total',
    help: 'Calls that were sent to AWS, by how they ended. Retries of the SDK within a call do not count.',
    labels: ['service', 'operation', 'result'],
  });

  readonly verified = this.#metrics.gauge({
    name: 'irsa_issuer_verified_timestamp_seconds',
    help: 'When an OIDCIssuer was last Verified, in seconds since 1970. 0: not since the operator started.',
    labels: ['namespace', 'name'],
  });

  readonly certificates = this.#metrics.gauge({
    name: 'irsa_certificate_not_after_timestamp_seconds',
    help: "When the first of an OIDCIssuer's certificates expires, in seconds since 1970.",
    labels: ['namespace', 'name'],
  });

  readonly roleSweeps = this.#metrics.counter({
    name: 'irsa_role_sweeps_total',
    help: 'Reads of all roles of an AWS account together, by how they ended. After one that failed, roles are read one by one.',
    labels: ['account', 'result'],
  });

  readonly iamQuotas = this.#metrics.gauge({
    name: 'irsa_iam_quota',
    help: 'What IAM takes in an AWS account, as it told last.',
    labels: ['account', 'quota'],
  });

  readonly iamUsed = this.#metrics.gauge({
    name: 'irsa_iam_used',
    help: 'What is there in an AWS account, whoever made it, as IAM told last.',
    labels: ['account', 'quota'],
  });

  render(): string {
    return this.#metrics.render();
  }
}
