import { describe, expect, test } from '@jest/globals';
import { runByNeeds } from '../../../src/runtime/run-steps.ts';
import { ready, type Outcome, type Step } from '../../../src/runtime/step.ts';

type Condition = Step<string[]>['condition'];
interface Options {
  readonly needs?: Step<string[]>['needs'];
  readonly watches?: Step<string[]>['watches'];
  readonly withdraw?: () => void;
}

class Lost extends Error {}

function step(condition: Condition, act: () => Outcome, { needs = [], watches, withdraw }: Options = {}) {
  const made: Step<string[]> = {
    condition,
    needs,
    ...(watches && { watches }),
    reconcile: async (ran) => {
      ran.push(condition);
      return act();
    },
    ...(withdraw && {
      withdraw: async (ran, proof) => {
        ran.push(`withdraw ${condition}: ${proof}`);
        withdraw();
      },
    }),
  };
  return made;
}

const isReady = () => ready;
const isLost = (): Outcome => {
  throw new Lost('it is theirs');
};
const nothing = () => undefined;

async function run(steps: readonly Step<string[]>[]) {
  const ran: string[] = [];
  const findings = await runByNeeds(steps, ran, {
    explain: (error) => ({
      reason: 'BucketNameTaken',
      message: (error as Error).message,
      terminal: true,
      nameLost: error instanceof Lost,
    }),
    signal: new AbortController().signal,
  });
  return { ran, found: findings.map(({ type, state, reason }) => `${type} ${state} ${reason}`) };
}

describe('a step that finds a name lost makes withdraw', () => {
  test('the step that needs it through others, which does not run', async () => {
    const { ran, found } = await run([
      step('BucketReady', isLost),
      step('DocumentsPublished', isReady, { needs: ['BucketReady'] }),
      step('ProvidersReady', isReady, { needs: ['DocumentsPublished'], withdraw: nothing }),
    ]);
    expect(ran).toEqual(['BucketReady', 'withdraw ProvidersReady: it is theirs']);
    expect(found).toEqual([
      'BucketReady failed BucketNameTaken',
      'DocumentsPublished skipped DependencyNotReady',
      'ProvidersReady failed NameLost',
    ]);
  });

  test('the step that it watches, which ran before it', async () => {
    const { ran, found } = await run([
      step('ProvidersReady', isReady, { withdraw: nothing }),
      step('Verified', isLost, { watches: ['ProvidersReady'] }),
    ]);
    expect(ran).toEqual(['ProvidersReady', 'Verified', 'withdraw ProvidersReady: it is theirs']);
    expect(found).toEqual(['ProvidersReady failed NameLost', 'Verified failed BucketNameTaken']);
  });

  test('no step that does not stand on the name', async () => {
    const { ran } = await run([step('BucketReady', isLost), step('CertificateReady', isReady, { withdraw: nothing })]);
    expect(ran).toEqual(['BucketReady', 'CertificateReady']);
  });
});

test('a withdrawal that fails says so in its own condition', async () => {
  const { found } = await run([
    step('BucketReady', isLost),
    step('ProvidersReady', isReady, {
      needs: ['BucketReady'],
      withdraw: () => {
        throw new Error('denied');
      },
    }),
  ]);
  expect(found).toEqual(['BucketReady failed BucketNameTaken', 'ProvidersReady failed BucketNameTaken']);
});

test('another failure makes nothing withdraw', async () => {
  const denied = (): Outcome => {
    throw new Error('denied');
  };
  const { ran } = await run([
    step('BucketReady', denied),
    step('ProvidersReady', isReady, { needs: ['BucketReady'], withdraw: nothing }),
  ]);
  expect(ran).toEqual(['BucketReady']);
});
