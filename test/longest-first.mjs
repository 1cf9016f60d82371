import Sequencer from '@jest/test-sequencer';

/** The files that take longest come first, so that the workers end together. Others follow as jest itself orders them. */
const long = [
  'integration/removal',
  'crash/kill',
  'integration/process',
  'integration/proof',
  'integration/guardrails',
  'integration/faults',
  'integration/adapter',
  'integration/verified',
  'crash/removal',
  'integration/refusals',
  'crash/keys',
  'integration/namespace-removal',
  'backends/control-plane',
  'integration/other-namespace',
  'backends/aws/rules',
  'integration/start',
  'integration/home',
  'integration/at-rest',
  'integration/secrecy',
  'integration/uninstalling',
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
