import Sequencer from '@jest/test-sequencer';

/** The files that take longest come first, so that the workers end together. Others follow as jest itself orders them. */
const long = [
  'integration/process',
  'crash/kill',
  'integration/removal',
  'integration/proof',
  'integration/faults',
  'crash/removal',
  'integration/hosting',
  'integration/dns',
  'integration/refusals',
  'integration/adapter',
  'integration/verified',
  'backends/control-plane',
  'integration/namespace-removal',
  'crash/changes',
  'crash/keys',
  'integration/other-namespace',
  'integration/at-rest',
  'integration/pod-policy',
  'integration/guardrails',
  'integration/home',
  'integration/restored',
  'integration/takeover',
  'integration/china',
  'integration/secrecy',
  'integration/uninstalling',
  'integration/start',
  'integration/crds',
  'integration/watched',
  'integration/calls',
  'integration/changes',
  'integration/rivals',
  'integration/pod-identity',
  'integration/lost-cluster',
  'integration/signing-keys',
  'integration/oldest-kubernetes',
  'integration/permissions',
  'integration/image',
  'backends/aws/sts',
  'backends/aws/rules',
  'backends/proof',
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
