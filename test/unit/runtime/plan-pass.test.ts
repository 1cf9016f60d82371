import { describe, expect, test } from '@jest/globals';
import type { ManagedObject, ManagedStatus } from '../../../src/api/meta.ts';
import type { Definition, Explanation, Pass } from '../../../src/runtime/definition.ts';
import type { Finding } from '../../../src/runtime/findings.ts';
import { Memory } from '../../../src/runtime/memory.ts';
import { isPlanned, planPass } from '../../../src/runtime/plan-pass.ts';
import { Plan } from '../../../src/runtime/plan.ts';
import type { Outcome, Part, Step } from '../../../src/runtime/step.ts';
import { FakeLogger } from '../../fakes/logger.ts';

interface HouseStatus extends ManagedStatus {
  address?: string;
}
interface House extends ManagedObject {
  readonly status?: HouseStatus;
}
/** What the steps are given: what is stored, as far as they know, and the pass. */
interface Context {
  readonly stored: HouseStatus | undefined;
  readonly pass: Pass;
}

const house = (metadata: object = {}, status?: HouseStatus): House => ({
  apiVersion: 'test.example/v1',
  kind: 'House',
  metadata: { name: 'red', namespace: 'town', uid: 'u', resourceVersion: '1', ...metadata },
  spec: {},
  ...(status && { status }),
});

const step = (
  condition: Step<Context>['condition'],
  act: (context: Context) => Outcome | undefined | void = () => undefined,
  needs: Step<Context>['needs'] = [],
): Step<Context> => {
  const work = async (context: Context): Promise<Outcome> => {
    context.pass.plan?.note(`making ${condition}`);
    return act(context) ?? { state: 'ready' };
  };
  return { condition, needs, reconcile: work, remove: work };
};

/** Makes a plan of a house with these steps, whose address has to be stored first. */
async function planOf(object: House, steps: readonly Step<Context>[]) {
  const said: string[] = [];
  const draft: HouseStatus = structuredClone(object.status ?? {});
  const partsOf = ({ status: stored }: House, pass: Pass): readonly Part<Context, Context>[] => [
    { steps, context: { stored, pass } },
  ];
  const definition: Definition<House, HouseStatus, Context, Context> = {
    resource: { group: 'test.example', version: 'v1', plural: 'houses', kind: 'House' },
    accept: async (accepted, change, pass) => {
      change.address = 'somewhere';
      return { accepted: true, parts: partsOf(accepted, pass), storeFirst: accepted.status?.address === undefined };
    },
    removal: async (removed, _draft, pass) => partsOf(removed, pass),
    explain,
  };
  const { signal } = new AbortController();
  const event = (...words: string[]) => void said.push(words.join(' '));
  const { lines } = await planPass(definition, {
    resting: new Map(),
    object,
    draft,
    pass: { signal, urgency: 'normal', logger: new FakeLogger(), event },
    memory: new Memory('u'),
    stop: signal,
    abandoned: signal,
    explain,
  });
  return { lines, said, draft };
}

const explain = (error: unknown): Explanation => ({
  reason: 'AccessDenied',
  message: (error as Error).message,
  terminal: false,
});

const waits: Outcome = { state: 'waiting', reason: 'DNSChangePending', message: 'it takes its time' };

test('a plan says nothing in events, and leaves the draft alone', async () => {
  const talkative = step('BucketReady', ({ pass }) => pass.event('Normal', 'Done', 'it is made'));
  expect(await planOf(house(), [talkative])).toEqual({ lines: ['making BucketReady'], said: [], draft: {} });
});

test('a plan runs the steps as if what has to be stored first were stored', async () => {
  const seen: unknown[] = [];
  await planOf(house(), [step('BucketReady', ({ stored }) => void seen.push(stored))]);
  expect(seen).toEqual([{ address: 'somewhere' }]);
});

test('a plan goes on with the steps that need nothing of one that waits or fails', async () => {
  const steps = [
    step('BucketReady', () => {
      throw new Error('somebody else has it');
    }),
    step('CertificateReady', () => waits),
    step('DistributionReady', undefined, ['BucketReady']),
    step('RoleReady'),
  ];
  expect((await planOf(house(), steps)).lines).toEqual([
    'making BucketReady',
    'making CertificateReady',
    'making RoleReady',
    'BucketReady: somebody else has it',
    'CertificateReady: it takes its time',
    'afterwards, when that is done: DistributionReady',
  ]);
});

describe('a plan of a removal', () => {
  const deleted = house({ deletionTimestamp: '2030-01-01T00:00:00Z' });

  test('goes from the last step to the first, and then the object goes', async () => {
    expect((await planOf(deleted, [step('BucketReady'), step('RoleReady')])).lines).toEqual([
      'making RoleReady',
      'making BucketReady',
      'letting the object go',
    ]);
  });

  test('says at which step it stops, and what comes after that', async () => {
    const steps = [step('BucketReady'), step('CertificateReady'), step('DNSReady', () => waits), step('RoleReady')];
    expect((await planOf(deleted, steps)).lines).toEqual([
      'making RoleReady',
      'making DNSReady',
      'DNSReady: it takes its time',
      'afterwards, when that is done: CertificateReady, BucketReady, letting the object go',
    ]);
  });
});

test('the same change twice is one line, and a long line is cut', () => {
  const plan = new Plan();
  plan.note('creating x');
  plan.note('creating x');
  const long: Finding = { type: 'RoleReady', state: 'failed', reason: 'AccessDenied', message: 'x'.repeat(5_000) };
  const lines = plan.lines([long]);
  expect(lines).toHaveLength(2);
  expect(Buffer.byteLength(lines[1]!)).toBe(2_048);
});

test.each([
  [undefined, false],
  ['false', false],
  ['true', true],
  ['yes', true],
  ['', true],
])('the annotation with the value %j asks for a plan: %j', (value, asks) => {
  expect(isPlanned(house({ annotations: value === undefined ? {} : { 'irsa.giantswarm.io/plan': value } }))).toBe(asks);
});
