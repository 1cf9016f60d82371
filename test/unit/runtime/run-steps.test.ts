import { describe, expect, test } from '@jest/globals';
import { worst } from '../../../src/runtime/findings.ts';
import { removeEach, removeInOrder, runByNeeds, type RunOptions } from '../../../src/runtime/run-steps.ts';
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

const options: RunOptions = {
  explain: (error) => ({
    reason: 'BucketNameTaken',
    message: (error as Error).message,
    terminal: true,
    nameLost: error instanceof Lost,
  }),
  signal: new AbortController().signal,
};

async function run(steps: readonly Step<string[]>[]) {
  const ran: string[] = [];
  const findings = await runByNeeds([{ steps, context: ran }], options);
  return { ran, found: findings.map(({ type, state, reason }) => `${type} ${state} ${reason}`) };
}

/** Runs a main part, and another one that is called old. */
async function runTwo(main: readonly Step<string[]>[], old: readonly Step<string[]>[]) {
  const ran = { main: [] as string[], old: [] as string[] };
  const parts = [
    { steps: main, context: ran.main },
    { steps: old, context: ran.old, name: 'old' },
  ];
  const findings = await runByNeeds(parts, options);
  return { ran, findings, found: findings.map(({ type, state, message }) => `${type} ${state} ${message}`.trim()) };
}

describe('a step that was ready', () => {
  const resting = (...steps: readonly Step<string[]>[]) => steps.map((each) => ({ ...each, rests: true }));

  async function runAgain(steps: readonly Step<string[]>[], change: readonly Step<string[]>[] = steps) {
    const rested = new Map();
    await runByNeeds([{ steps, context: [] }], { ...options, rested });
    const ran: string[] = [];
    const findings = await runByNeeds([{ steps: change, context: ran }], { ...options, resting: rested });
    return { ran, states: findings.map(({ type, state }) => `${type} ${state}`) };
  }
  const waits = (): Outcome => ({ state: 'waiting', reason: 'DNSChangePending', message: '' });

  test('rests, and counts as ready for those that need it', async () => {
    const [bucket, documents] = resting(
      step('BucketReady', isReady),
      step('DocumentsPublished', waits, { needs: ['BucketReady'] }),
    ) as [Step<string[]>, Step<string[]>];
    expect(await runAgain([bucket, documents])).toEqual({
      ran: ['DocumentsPublished'],
      states: ['BucketReady ready', 'DocumentsPublished waiting'],
    });
  });

  test('runs again if it does not rest', async () => {
    expect((await runAgain([step('BucketReady', isReady)])).ran).toEqual(['BucketReady']);
  });

  test('runs again if it has to look at something else', async () => {
    const steps = resting(step('BucketReady', isReady));
    const rested = new Map();
    await runByNeeds([{ steps, context: [], subject: 'first' }], { ...options, rested });
    const again = async (subject: string) => {
      const ran: string[] = [];
      await runByNeeds([{ steps, context: ran, subject }], { ...options, resting: rested });
      return ran;
    };
    expect([await again('first'), await again('second')]).toEqual([[], ['BucketReady']]);
  });

  test('runs with those that use what it found, and so do those that it uses itself', async () => {
    const steps = resting(
      { ...step('SigningKeysReady', isReady), isUsed: true },
      { ...step('BucketReady', isReady, { needs: ['SigningKeysReady'] }), isUsed: true },
      step('CertificateReady', isReady),
      step('DocumentsPublished', waits, { needs: ['BucketReady'] }),
    );
    expect((await runAgain(steps)).ran).toEqual(['SigningKeysReady', 'BucketReady', 'DocumentsPublished']);
  });

  test('runs with another part that uses the same, because what is used was found anew', async () => {
    const source = { ...step('SigningKeysReady', isReady), isUsed: true, rests: true };
    const documents = { ...step('DocumentsPublished', isReady, { needs: ['SigningKeysReady'] }), rests: true };
    const waiting = { ...step('DocumentsPublished', waits, { needs: ['SigningKeysReady'] }), rests: true };
    const ran = { main: [] as string[], old: [] as string[] };
    const parts = [
      { steps: [source, documents], context: ran.main },
      { steps: [waiting], context: ran.old, name: 'old' },
    ];
    const rested = new Map();
    await runByNeeds(parts, { ...options, rested });
    ran.main.length = 0;
    await runByNeeds(parts, { ...options, resting: rested });
    expect(ran.main).toEqual(['SigningKeysReady', 'DocumentsPublished']);
  });

  describe('beside one that waits', () => {
    const looking = (outcome: Outcome | undefined, needs: readonly Condition[] = []): Step<string[]> => ({
      ...step('DNSReady', waits, { needs }),
      rests: true,
      async lookAgain(ran, reason) {
        ran.push(`look again: ${reason}`);
        return outcome;
      },
    });
    const bucket = { ...step('BucketReady', isReady), rests: true };

    test('lets that one look again instead of running', async () => {
      const { ran, states } = await runAgain([bucket, looking({ state: 'ready' }, ['BucketReady'])]);
      expect(ran).toEqual(['look again: DNSChangePending']);
      expect(states).toEqual(['BucketReady ready', 'DNSReady ready']);
    });

    test('lets it run if its look does not do', async () => {
      const { ran, states } = await runAgain([bucket, looking(undefined, ['BucketReady'])]);
      expect(ran).toEqual(['look again: DNSChangePending', 'DNSReady']);
      expect(states).toEqual(['BucketReady ready', 'DNSReady waiting']);
    });

    test('lets it run if it needs what was found anew, and look again if nobody finds what it needs', async () => {
      const found = step('BucketReady', isReady);
      expect((await runAgain([found, looking({ state: 'ready' }, ['BucketReady'])])).ran).toEqual([
        'BucketReady',
        'DNSReady',
      ]);
      expect((await runAgain([looking({ state: 'ready' }, ['BucketReady'])])).ran).toEqual([
        'look again: DNSChangePending',
      ]);
    });

    test('lets it run if it was ready, or failed', async () => {
      for (const before of [isReady, isLost]) {
        const other = looking({ state: 'ready' });
        const first = [{ ...other, reconcile: async () => before() }];
        expect((await runAgain(first, [other])).ran.includes('look again: DNSChangePending')).toBe(false);
      }
    });
  });

  test('withdraws all the same if another step finds a name lost', async () => {
    const providers = { ...step('ProvidersReady', isReady, { withdraw: nothing }), rests: true };
    const { ran, states } = await runAgain(
      [providers],
      [providers, step('Verified', isLost, { watches: ['ProvidersReady'] })],
    );
    expect(ran).toEqual(['Verified', 'withdraw ProvidersReady: it is theirs']);
    expect(states).toEqual(['ProvidersReady failed', 'Verified failed']);
  });
});

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

test('a withdrawal during which the operator stops is no finding', async () => {
  const stop = new AbortController();
  const withdraw = () => {
    stop.abort();
    throw new Error('the call is aborted');
  };
  const steps = [step('BucketReady', isLost), step('ProvidersReady', isReady, { needs: ['BucketReady'], withdraw })];
  const run = runByNeeds([{ steps, context: [] }], { ...options, signal: stop.signal });
  await expect(run).rejects.toThrow('aborted');
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

describe('of an object in parts,', () => {
  const denied = (): Outcome => {
    throw new Error('denied');
  };

  test('a part runs whatever became of another, and its messages name it', async () => {
    const bucket = (act: () => Outcome) => step('BucketReady', act);
    const documents = step('DocumentsPublished', isReady, { needs: ['BucketReady'] });
    const { ran, found } = await runTwo([bucket(isReady), documents], [bucket(denied), documents]);
    expect(ran.main).toEqual(['BucketReady', 'DocumentsPublished']);
    expect(found).toEqual([
      'BucketReady ready',
      'DocumentsPublished ready',
      'BucketReady failed old: denied',
      'DocumentsPublished skipped old: waits for BucketReady',
    ]);
  });

  test('a need for which the part has no step is one of an earlier part', async () => {
    const documents = step('DocumentsPublished', isReady, { needs: ['SigningKeysReady'] });
    const met = await runTwo([step('SigningKeysReady', isReady)], [documents]);
    expect(met.ran.old).toEqual(['DocumentsPublished']);
    const missing = await runTwo([step('SigningKeysReady', denied)], [documents]);
    expect(missing.ran.old).toEqual([]);
    expect(missing.found).toContain('DocumentsPublished skipped old: waits for SigningKeysReady');
  });

  test('a need for which no part has a step is met', async () => {
    const { ran } = await run([step('ProvidersReady', isReady, { needs: ['DNSReady'] })]);
    expect(ran).toEqual(['ProvidersReady']);
  });

  test('a need whose step comes later is not met', async () => {
    const { ran } = await run([
      step('DocumentsPublished', isReady, { needs: ['BucketReady'] }),
      step('BucketReady', isReady),
    ]);
    expect(ran).toEqual(['BucketReady']);
  });

  test('a name that one part loses makes the other withdraw nothing', async () => {
    const providers = step('ProvidersReady', isReady, { needs: ['BucketReady'], withdraw: nothing });
    const { ran } = await runTwo([step('BucketReady', isReady), providers], [step('BucketReady', isLost), providers]);
    expect(ran.main).toEqual(['BucketReady', 'ProvidersReady']);
    expect(ran.old).toEqual(['BucketReady', 'withdraw ProvidersReady: it is theirs']);
  });

  test('a condition says the worst of what the parts say, and of equal words the first', async () => {
    const waits = (message: string) => (): Outcome => ({ state: 'waiting', reason: 'DNSChangePending', message });
    const { findings } = await runTwo(
      [step('BucketReady', isReady), step('DNSReady', waits('first')), step('CertificateReady', denied)],
      [step('BucketReady', denied), step('DNSReady', waits('second')), step('CertificateReady', isReady)],
    );
    expect(worst(findings).map(({ type, state, message }) => `${type} ${state} ${message}`)).toEqual([
      'BucketReady failed old: denied',
      'DNSReady waiting first',
      'CertificateReady failed denied',
    ]);
  });

  test('one part is removed after the other, each from its last step on, up to the first step that waits', async () => {
    const removed: string[] = [];
    const removable = (part: string, condition: Condition, outcome: Outcome = ready): Step<string[]> => ({
      ...step(condition, isReady),
      remove: async () => {
        removed.push(`${part} ${condition}`);
        return outcome;
      },
    });
    const busy: Outcome = { state: 'waiting', reason: 'InUse', message: 'in use' };
    const parts = [
      { steps: [removable('old', 'BucketReady'), removable('old', 'DNSReady')], context: [], name: 'old' },
      { steps: [removable('main', 'BucketReady'), removable('main', 'DNSReady', busy)], context: [] },
    ];
    const { done, findings } = await removeInOrder(parts, options);
    expect(removed).toEqual(['old DNSReady', 'old BucketReady', 'main DNSReady']);
    expect(done).toBe(false);
    expect(findings.at(-1)).toMatchObject({ type: 'DNSReady', reason: 'InUse', message: 'in use' });
  });
});

test('removes groups of parts each for itself, and in a group one part after the other', async () => {
  const removed: string[] = [];
  const part = (name: string, outcome: Outcome) => {
    const remove = async () => {
      removed.push(name);
      return outcome;
    };
    return { steps: [{ ...step('BucketReady', isReady), remove }], context: [], name };
  };
  const waits: Outcome = { state: 'waiting', reason: 'InUse', message: 'in use' };
  const held = await removeEach(
    [
      [part('a', waits), part('b', ready)],
      [part('c', ready), part('d', ready)],
    ],
    options,
  );
  expect(removed).toEqual(['a', 'c', 'd']);
  expect(held.map(({ message }) => message)).toEqual(['a: in use']);
});
