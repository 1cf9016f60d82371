import Sequencer from '@jest/test-sequencer';

/** The files that take longest come first, so that the workers end together. Others follow as jest itself orders them. */
const long = [
  'reconcilers/oidc-issuer/every-write',
  'reconcilers/oidc-issuer/bucket-move-every-write',
  'reconcilers/iam-service-account/random-specs',
  'reconcilers/oidc-issuer/rotation',
  'unit/runtime/connections',
  'reconcilers/oidc-issuer/hosting-every-write',
  'reconcilers/iam-service-account/every-call',
  'unit/oidc-issuer/rotation-properties',
  'unit/runtime/resolver',
  'reconcilers/oidc-issuer/migration',
  'reconcilers/iam-service-account/sweep',
  'integration/process',
  'integration/removal',
  'integration/hosting',
  'integration/adapter',
  'integration/proof',
  'integration/rotation',
  'integration/faults',
  'crash/kill',
  'crash/changes',
  'integration/verified',
  'integration/dns',
  'crash/keys',
  'integration/namespace-removal',
  'integration/at-rest',
  'integration/refusals',
  'crash/removal',
  'backends/control-plane',
  'integration/guardrails',
  'integration/other-namespace',
  'integration/crds',
  'integration/roles-kept',
  'integration/home',
  'integration/uninstalling',
  'integration/pod-policy',
  'integration/watched',
  'integration/calls',
  'integration/changes',
  'integration/roles',
  'integration/start',
  'integration/secrecy',
  'integration/rivals',
  'integration/restored',
  'integration/takeover',
  'integration/china',
  'integration/lost-cluster',
  'integration/signing-keys',
  'integration/pod-identity',
  'integration/permissions',
  'integration/image',
  'integration/oldest-kubernetes',
  'integration/fake-kube',
  'integration/unknown-calls',
  'backends/proof',
  'backends/aws/sts',
  'backends/aws/rules',
  'backends/aws/edge',
  'backends/guard',
];
const place = ({ path }) => {
  const index = long.findIndex((name) => path.endsWith(`/test/${name}.test.ts`));
  return index < 0 ? long.length : index;
};

export default class LongestFirst extends Sequencer {
  sort(tests) {
    return super.sort(tests).sort((one, other) => place(one) - place(other));
  }
}
