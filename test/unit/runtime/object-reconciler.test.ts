import { describe, expect, test } from '@jest/globals';
import type { Condition, ManagedObject, ManagedStatus } from '../../../src/api/meta.ts';
import { finalizer } from '../../../src/api/names.ts';
import type { Resource } from '../../../src/api/resources.ts';
import type { Acceptance, Definition, Pass } from '../../../src/runtime/definition.ts';
import { minutes, seconds } from '../../../src/runtime/duration.ts';
import { KubeEvents } from '../../../src/runtime/events.ts';
import { KubeError } from '../../../src/runtime/kube-error.ts';
import { ObjectReconciler } from '../../../src/runtime/object-reconciler.ts';
import { ready, type Outcome, type Part, type Step } from '../../../src/runtime/step.ts';
import { FakeClock, settled } from '../../fakes/clock.ts';
import { FakeKube } from '../../fakes/kube.ts';
import { FakeLogger } from '../../fakes/logger.ts';
import { turn } from '../../fakes/turn.ts';

interface House extends ManagedObject {
  readonly spec: {
    readonly suspend?: boolean;
    readonly deletionPolicy?: 'Delete' | 'Retain';
    readonly colour?: string;
  };
  readonly status?: HouseStatus;
}
interface HouseStatus extends ManagedStatus {
  address?: string;
  rooms?: string[];
}
interface Context {
  readonly draft: HouseStatus;
}

const houses: Resource = { group: 'test.example', version: 'v1', plural: 'houses', kind: 'House' };
const ref = { namespace: 'town', name: 'red' };

/** A house is a bucket, a certificate and a distribution that needs both. */
function world(spec: House['spec'] = {}) {
  const clock = new FakeClock();
  const kube = new FakeKube(clock);
  const logger = new FakeLogger();
  kube.seed(houses, { metadata: ref, spec });
  const ran: string[] = [];
  const behaviour: Record<string, () => Outcome | Promise<Outcome>> = {};
  const step = (condition: Step<Context>['condition'], needs: Step<Context>['needs'] = []): Step<Context> => ({
    condition,
    needs,
    async reconcile({ draft }) {
      ran.push(condition);
      draft.rooms = [...new Set([...(draft.rooms ?? []), condition])];
      return behaviour[condition]?.() ?? ready;
    },
    async remove() {
      ran.push(`remove ${condition}`);
      return behaviour[`remove ${condition}`]?.() ?? ready;
    },
  });
  const bucket = step('BucketReady');
  const certificate = step('CertificateReady');
  const distribution = step('DistributionReady', ['BucketReady', 'CertificateReady']);
  const parts = (draft: HouseStatus): readonly Part<Context, Context>[] => [
    { steps: [bucket, certificate, distribution], context: { draft } },
  ];
  const hooks: {
    accept: (draft: HouseStatus, pass: Pass) => Acceptance<Context, Context>;
    removal: (draft: HouseStatus) => readonly Part<Context, Context>[];
  } = {
    accept: (draft) => ({ accepted: true, parts: parts(draft), storeFirst: false }),
    removal: parts,
  };
  const definition: Definition<House, HouseStatus, Context, Context> = {
    resource: houses,
    accept: async (_object, draft, pass) => hooks.accept(draft, pass),
    removal: async (_object, draft) => hooks.removal(draft),
    explain: (error) => ({
      reason: error instanceof TypeError ? 'BucketNameTaken' : 'AccessDenied',
      message: (error as Error).message,
      terminal: error instanceof TypeError,
      passing: error instanceof RangeError,
    }),
  };
  const stop = new AbortController();
  const newReconciler = () =>
    new ObjectReconciler({
      definition,
      client: kube,
      events: new KubeEvents({ client: kube, clock, logger, instance: 'pod-1' }),
      clock,
      logger,
      resync: minutes(10),
      random: () => 0.5,
    });
  let reconciler = newReconciler();
  const condition = (type: string) =>
    kube.get<House>(houses, ref)?.status?.conditions?.find((each) => each.type === type);
  return {
    behaviour,
    clock,
    condition,
    definition,
    hooks,
    parts,
    kube,
    logger,
    ran,
    stop,
    house: () => kube.get<House>(houses, ref),
    word: (type: string) => {
      const { status, reason, message } = condition(type) ?? ({} as Partial<Condition>);
      return [status, reason, message];
    },
    reconcile: () => reconciler.reconcile(ref, turn(stop.signal)),
    /** Another process: what was only in memory is gone. */
    restart: () => (reconciler = newReconciler()),
    /** Because the last pass asked for it. */
    comeBack: () => reconciler.reconcile(ref, { ...turn(stop.signal), isReturn: true }),
    statusPatches: () => kube.writes.filter((write) => write.verb === 'patchStatus').length,
    /** As after a first pass that went well. */
    settle: async () => {
      await reconciler.reconcile(ref, turn(stop.signal));
      kube.writes.length = 0;
      ran.length = 0;
    },
  };
}

const waits = (requeueAfter?: number): Outcome => ({
  state: 'waiting',
  reason: 'CertificatePendingValidation',
  message: 'ACM is validating',
  ...(requeueAfter !== undefined && { requeueAfter }),
});
const waitsForPerson = (): Outcome => ({ state: 'waiting', reason: 'SecretNotFound', message: 'no Secret' });
const fails =
  (message = 'iam:CreateRole is missing') =>
  () => {
    throw new Error(message);
  };
const failsForGood = () => {
  throw new TypeError('the bucket name is taken');
};

describe('a new object', () => {
  test('gets the finalizer before its first step runs, then one status with all conditions', async () => {
    const { behaviour, house, kube, reconcile, word } = world();
    let finalizersAtFirstStep: readonly string[] | undefined;
    behaviour['BucketReady'] = () => {
      finalizersAtFirstStep = house()?.metadata.finalizers;
      return ready;
    };

    const result = await reconcile();

    expect(finalizersAtFirstStep).toEqual([finalizer]);
    expect(kube.writes.map((write) => write.verb)).toEqual(['patch', 'patchStatus', 'create']);
    expect(house()?.status?.conditions?.map(({ type, status }) => `${type}=${status}`)).toEqual([
      'Accepted=True',
      'BucketReady=True',
      'CertificateReady=True',
      'DistributionReady=True',
      'Ready=True',
    ]);
    expect(word('Ready')).toEqual(['True', 'Provisioned', '']);
    expect(house()?.status).toMatchObject({
      observedGeneration: 1,
      conditions: [{ observedGeneration: 1 }, {}, {}, {}, {}],
    });
    expect(kube.events).toEqual([
      { type: 'Normal', reason: 'Ready', note: 'all is provisioned', regarding: 'House/town/red' },
    ]);
    expect(result).toEqual({ requeueAfter: minutes(10), settled: true });
  });

  test('is not touched where another client changed it before the finalizer came, and looked at again with a back-off', async () => {
    const { kube, ran, reconcile } = world();
    kube.failNext('patch', new KubeError('modified', 409, 'Conflict'));
    expect(await reconcile()).toEqual({ failed: true });
    expect(ran).toEqual([]);
  });

  test('keeps the finalizers of others', async () => {
    const { house, kube, reconcile } = world();
    kube.edit(houses, ref, { metadata: { finalizers: ['other.example/it'] } });
    await reconcile();
    expect(house()?.metadata.finalizers).toEqual(['other.example/it', finalizer]);
  });

  test('loses no finalizer that somebody else set at the same moment', async () => {
    const { house, kube, reconcile } = world();
    kube.afterNextFind(houses, () => kube.edit(houses, ref, { metadata: { finalizers: ['other.example/it'] } }));
    expect(await reconcile()).toEqual({ failed: true });
    expect(house()?.metadata.finalizers).toEqual(['other.example/it']);
    await reconcile();
    expect(house()?.metadata.finalizers).toEqual(['other.example/it', finalizer]);
  });

  test('has what an undo needs in its status before the steps run', async () => {
    const { behaviour, hooks, house, reconcile, statusPatches, parts } = world();
    hooks.accept = (draft) => {
      const storeFirst = draft.address === undefined;
      draft.address = '111122223333';
      return { accepted: true, parts: parts(draft), storeFirst };
    };
    let stored: HouseStatus | undefined;
    behaviour['BucketReady'] = () => {
      stored = house()?.status;
      return ready;
    };

    await reconcile();

    expect(stored?.address).toBe('111122223333');
    expect(stored?.conditions).toBeUndefined();
    expect(statusPatches()).toBe(2);
  });

  test('whose kind wants to store for ever ends in an error instead of a busy loop', async () => {
    const { hooks, ran, reconcile, parts } = world();
    hooks.accept = (draft) => ({ accepted: true, parts: parts(draft), storeFirst: true });
    await expect(reconcile()).rejects.toThrow('again and again');
    expect(ran).toEqual([]);
  });

  test('that is gone already is nothing to do', async () => {
    const { kube, reconcile } = world();
    kube.remove(houses, ref);
    expect(await reconcile()).toEqual({});
    expect(kube.writes).toEqual([]);
  });

  test('is not taken for gone where something else answers in the place of the API server', async () => {
    const { kube, reconcile } = world();
    kube.failNext('find', new KubeError('reading House town/red: 404', 404, undefined));
    await expect(reconcile()).rejects.toThrow('404');
    kube.failNext('patch', new KubeError('patching House town/red: 404', 404, undefined));
    await expect(reconcile()).rejects.toThrow('404');
    await reconcile();
    expect(kube.get<House>(houses, ref)?.status?.observedGeneration).toBe(1);
  });
});

describe('at rest', () => {
  test('a second pass writes nothing and says nothing, however much later', async () => {
    const { clock, kube, logger, reconcile, settle } = world();
    await settle();
    logger.lines.length = 0;
    await clock.advance(minutes(60));
    await reconcile();
    expect(kube.writes).toEqual([]);
    expect(logger.lines.filter((line) => line.level !== 'debug')).toEqual([]);
  });

  test('a failure that goes on writes nothing either', async () => {
    const { behaviour, clock, kube, reconcile, settle } = world();
    behaviour['BucketReady'] = fails();
    await settle();
    await clock.advance(minutes(1));
    expect(await reconcile()).toEqual({ failed: true });
    expect(kube.writes).toEqual([]);
  });

  test('a change of the spec moves the generation of every condition, and no transition time', async () => {
    const { clock, house, kube, reconcile, settle } = world();
    await settle();
    const before = house()?.status?.conditions;
    await clock.advance(minutes(1));
    kube.edit(houses, ref, { spec: { colour: 'blue' } });
    await reconcile();
    expect(house()?.status?.observedGeneration).toBe(2);
    expect(house()?.status?.conditions).toEqual(before?.map((each) => ({ ...each, observedGeneration: 2 })));
  });

  test('a field that a step takes out of the status is taken away', async () => {
    const { behaviour, hooks, house, reconcile, parts } = world();
    hooks.accept = (draft) => {
      draft.address = 'somewhere';
      return { accepted: true, parts: parts(draft), storeFirst: false };
    };
    await reconcile();
    hooks.accept = (draft) => {
      delete draft.address;
      return { accepted: true, parts: parts(draft), storeFirst: false };
    };
    behaviour['BucketReady'] = () => ready;
    await reconcile();
    expect(house()?.status).not.toHaveProperty('address');
  });
});

describe('waiting and failing', () => {
  test('what waits stops only what needs it, and says when to come back', async () => {
    const { behaviour, ran, reconcile, word } = world();
    behaviour['BucketReady'] = () => waits(seconds(30));
    behaviour['CertificateReady'] = () => waits(seconds(20));
    expect(await reconcile()).toEqual({ requeueAfter: seconds(20) });
    expect(ran).toEqual(['BucketReady', 'CertificateReady']);
    expect(word('DistributionReady')).toEqual([
      'Unknown',
      'DependencyNotReady',
      'waits for BucketReady, CertificateReady',
    ]);
    expect(word('Ready')).toEqual(['False', 'CertificatePendingValidation', 'BucketReady: ACM is validating']);
  });

  test('what only an event can end comes back with the resync', async () => {
    const { behaviour, reconcile } = world();
    behaviour['BucketReady'] = () => waits();
    expect(await reconcile()).toEqual({ requeueAfter: minutes(10) });
  });

  test('a failure does not stop what does not need it, and Ready names it before what waits', async () => {
    const { behaviour, kube, ran, reconcile, word } = world();
    behaviour['BucketReady'] = () => waits(seconds(30));
    behaviour['CertificateReady'] = fails();
    expect(await reconcile()).toEqual({ failed: true });
    expect(ran).toEqual(['BucketReady', 'CertificateReady']);
    expect(word('CertificateReady')).toEqual(['False', 'AccessDenied', 'iam:CreateRole is missing']);
    expect(word('Ready')).toEqual(['False', 'AccessDenied', 'CertificateReady: iam:CreateRole is missing']);
    expect(word('Stalled')).toEqual([undefined, undefined, undefined]);
    expect(kube.events).toEqual([
      {
        type: 'Warning',
        reason: 'AccessDenied',
        note: 'CertificateReady: iam:CreateRole is missing',
        regarding: 'House/town/red',
      },
    ]);
  });

  describe('what waits for a person', () => {
    test('makes the object Stalled ten minutes after it began to wait, whatever was bad before', async () => {
      const { behaviour, clock, reconcile, word } = world();
      behaviour['BucketReady'] = fails();
      await reconcile();
      await clock.advance(minutes(60));
      behaviour['BucketReady'] = waitsForPerson;
      for (let minute = 0; minute < 10; minute++) {
        await reconcile();
        expect(word('Stalled')).toEqual([undefined, undefined, undefined]);
        await clock.advance(minutes(1));
      }
      await reconcile();
      expect(word('Stalled')).toEqual(['True', 'SecretNotFound', 'no Secret']);
    });

    test('still does although one of the looks failed in passing', async () => {
      const { behaviour, clock, reconcile, word } = world();
      behaviour['BucketReady'] = waitsForPerson;
      await reconcile();
      await clock.advance(minutes(9));
      behaviour['BucketReady'] = () => {
        throw new RangeError('read ECONNRESET');
      };
      await reconcile();
      await clock.advance(minutes(1));
      behaviour['BucketReady'] = waitsForPerson;
      await reconcile();
      expect(word('Stalled')).toEqual(['True', 'SecretNotFound', 'no Secret']);
    });

    test('keeps it Stalled over a restart, and no longer than it waits', async () => {
      const { behaviour, clock, reconcile, restart, word } = world();
      behaviour['BucketReady'] = waitsForPerson;
      await reconcile();
      await clock.advance(minutes(10));
      await reconcile();
      restart();
      await reconcile();
      expect(word('Stalled')).toEqual(['True', 'SecretNotFound', 'no Secret']);
      behaviour['BucketReady'] = () => ready;
      await reconcile();
      behaviour['BucketReady'] = waitsForPerson;
      await reconcile();
      expect(word('Stalled')).toEqual([undefined, undefined, undefined]);
    });
  });

  test('a failure in other words is told again', async () => {
    const { behaviour, kube, reconcile } = world();
    behaviour['BucketReady'] = fails('iam:CreateRole is missing');
    await reconcile();
    behaviour['BucketReady'] = fails('iam:TagRole is missing');
    await reconcile();
    expect(kube.events.map((event) => event.note)).toEqual([
      'BucketReady: iam:CreateRole is missing',
      'BucketReady: iam:TagRole is missing',
    ]);
  });

  test('where only a person can help, Stalled stands and nothing is retried before the resync', async () => {
    const { behaviour, reconcile, word } = world();
    behaviour['BucketReady'] = failsForGood;
    expect(await reconcile()).toEqual({ requeueAfter: minutes(10), settled: true });
    expect(word('Stalled')).toEqual(['True', 'BucketNameTaken', 'the bucket name is taken']);

    behaviour['BucketReady'] = () => ready;
    await reconcile();
    expect(word('Stalled')).toEqual([undefined, undefined, undefined]);
    expect(word('Ready')).toEqual(['True', 'Provisioned', '']);
  });

  test('an event that cannot be sent changes nothing', async () => {
    const { behaviour, kube, reconcile, word } = world();
    behaviour['BucketReady'] = fails();
    kube.failNext('create', new KubeError('no', 403, 'Forbidden'));
    expect(await reconcile()).toEqual({ failed: true });
    expect(word('BucketReady')[1]).toBe('AccessDenied');
  });

  type World = ReturnType<typeof world>;
  test.each<[string, (story: World, aborted: () => never) => void]>([
    ['in a step', ({ behaviour }, aborted) => (behaviour['BucketReady'] = aborted)],
    ['while it judges the object', ({ hooks }, aborted) => (hooks.accept = aborted)],
  ])('a pass that is stopped %s leaves no finding behind', async (_, prepare) => {
    const story = world();
    prepare(story, () => {
      story.stop.abort();
      throw new Error('aborted');
    });
    await expect(story.reconcile()).rejects.toThrow('aborted');
    expect(story.house()?.status).toBeUndefined();
  });

  test.each<[string, (story: World, aborted: () => never) => void]>([
    ['in a step', ({ behaviour }, aborted) => (behaviour['remove BucketReady'] = aborted)],
    ['while it looks for what there is', ({ hooks }, aborted) => (hooks.removal = aborted)],
  ])('a removal that is stopped %s leaves no finding behind, and the object its finalizer', async (_, prepare) => {
    const story = world();
    await story.settle();
    const before = story.house()?.status;
    story.kube.remove(houses, ref);
    prepare(story, () => {
      story.stop.abort();
      throw new Error('aborted');
    });
    await expect(story.reconcile()).rejects.toThrow('aborted');
    expect(story.house()?.status).toEqual(before);
    expect(story.house()?.metadata.finalizers).toEqual([finalizer]);
  });

  test('a pass that hangs is ended after two minutes, and what it waited for is a finding', async () => {
    const { behaviour, clock, hooks, reconcile, word, parts } = world();
    hooks.accept = (draft, pass) => {
      behaviour['BucketReady'] = () =>
        new Promise((_resolve, reject) => {
          pass.signal.addEventListener('abort', () => reject(pass.signal.reason as Error));
        });
      return { accepted: true, parts: parts(draft), storeFirst: false };
    };
    const pass = reconcile();
    await clock.advance(minutes(2));

    expect(await pass).toEqual({ failed: true });
    expect(word('BucketReady')).toEqual(['False', 'AccessDenied', 'not done within 120 s']);
    expect(word('CertificateReady')[0]).toBe('True');
    expect(clock.pending).toBe(0);
  });

  test('a pass that does not hear its signal is given up a little later, and stores nothing when it ends after all', async () => {
    const { behaviour, clock, house, reconcile } = world();
    const late = Promise.withResolvers<Outcome>();
    behaviour['BucketReady'] = () => late.promise;
    const pass = expect(reconcile()).rejects.toThrow('not done within 120 s');
    await clock.advance(minutes(2) + seconds(10));
    await pass;
    expect(clock.pending).toBe(0);

    behaviour['BucketReady'] = () => ready;
    await reconcile();
    const stored = house();
    late.resolve({ state: 'waiting', reason: 'DependencyNotReady', message: 'of long ago' });
    await settled();
    expect(house()).toEqual(stored);
  });

  test('a stop ends what a running pass waits for', async () => {
    const { behaviour, hooks, parts, reconcile, stop } = world();
    hooks.accept = (draft, pass) => {
      behaviour['BucketReady'] = () =>
        new Promise((_resolve, reject) => {
          pass.signal.addEventListener('abort', () => reject(pass.signal.reason as Error));
        });
      return { accepted: true, parts: parts(draft), storeFirst: false };
    };
    const pass = reconcile();
    await settled();
    stop.abort(new Error('the operator stops'));
    await expect(pass).rejects.toThrow('the operator stops');
  });

  test('a pass that was given up stores nothing first either, when the object is judged after all', async () => {
    const { clock, hooks, parts, reconcile, statusPatches } = world();
    const late = Promise.withResolvers<void>();
    hooks.accept = (async (draft: HouseStatus) => {
      await late.promise;
      draft.address = 'of long ago';
      return { accepted: true, parts: parts(draft), storeFirst: true };
    }) as unknown as typeof hooks.accept;
    const pass = expect(reconcile()).rejects.toThrow('not done within 120 s');
    await clock.advance(minutes(2) + seconds(10));
    await pass;
    late.resolve();
    await settled();
    expect(statusPatches()).toBe(0);
  });

  test('a pass that was given up does not count as a look that went well', async () => {
    const { behaviour, clock, reconcile, settle, word } = world();
    await settle();
    const late = Promise.withResolvers<Outcome>();
    behaviour['BucketReady'] = () => late.promise;
    const pass = expect(reconcile()).rejects.toThrow('not done within 120 s');
    await clock.advance(minutes(2) + seconds(10));
    await pass;

    behaviour['BucketReady'] = () => {
      throw new RangeError('read ECONNRESET');
    };
    await reconcile();
    late.resolve(ready);
    await settled();
    await clock.advance(minutes(10));
    await reconcile();
    expect(word('BucketReady')[0]).toBe('Unknown');
  });

  test('a step logs with the object that its pass is over', async () => {
    const { hooks, logger, reconcile, parts } = world();
    hooks.accept = (draft, pass) => {
      pass.logger.info('changed AWS');
      return { accepted: true, parts: parts(draft), storeFirst: false };
    };
    await reconcile();
    expect(logger.lines[0]).toMatchObject({ kind: 'House', ...ref, message: 'changed AWS' });
  });

  test('an API server that does not take the status is an error, so that the pass is tried again', async () => {
    const { kube, reconcile } = world();
    kube.failNext('patchStatus', new KubeError('no answer', undefined, undefined));
    await expect(reconcile()).rejects.toThrow('no answer');
  });
});

describe('a failure in passing', () => {
  const passes = () => {
    throw new RangeError('read ECONNRESET');
  };

  test('takes nothing back, neither of the condition nor of those that need it, and is tried again', async () => {
    const { behaviour, kube, reconcile, settle, word } = world();
    await settle();
    behaviour['BucketReady'] = passes;
    expect(await reconcile()).toEqual({ failed: true });
    expect(word('BucketReady')).toEqual(['True', 'Provisioned', 'read ECONNRESET']);
    expect(word('DistributionReady')).toEqual(['True', 'Provisioned', '']);
    expect(word('Ready')).toEqual(['True', 'Provisioned', '']);
    expect(kube.events.map(({ reason }) => reason)).toEqual(['Ready']);
    delete behaviour['BucketReady'];
    await reconcile();
    expect(word('BucketReady')).toEqual(['True', 'Provisioned', '']);
  });

  test('counts from its first time: after ten minutes in a row nothing is known any more', async () => {
    const { behaviour, clock, reconcile, settle, word } = world();
    await settle();
    behaviour['BucketReady'] = passes;
    await reconcile();
    await clock.advance(minutes(9));
    delete behaviour['BucketReady'];
    await reconcile();
    behaviour['BucketReady'] = passes;
    await reconcile();
    await clock.advance(minutes(9));
    await reconcile();
    expect(word('Ready')[0]).toBe('True');
    await clock.advance(minutes(1));
    await reconcile();
    expect(['BucketReady', 'DistributionReady', 'Ready'].map((type) => word(type)[0])).toEqual([
      'Unknown',
      'Unknown',
      'Unknown',
    ]);
  });
});

describe('a wait', () => {
  test('is looked at further and further apart, up to the resync, and anew when it is another', async () => {
    const { behaviour, clock, comeBack } = world();
    behaviour['CertificateReady'] = () => waits(seconds(30));
    const intervals: number[] = [];
    for (let pass = 0; pass < 10; pass++) {
      const { requeueAfter = 0 } = await comeBack();
      intervals.push(requeueAfter / seconds(1));
      await clock.advance(requeueAfter);
    }
    expect(intervals.map(Math.round)).toEqual([30, 30, 30, 45, 68, 101, 152, 228, 342, 513]);
    await clock.advance(minutes(60));
    expect(await comeBack()).toEqual({ requeueAfter: minutes(10) });
    behaviour['CertificateReady'] = () => ({ ...waits(seconds(30)), message: 'another' });
    expect(await comeBack()).toEqual({ requeueAfter: seconds(30) });
    delete behaviour['CertificateReady'];
    await comeBack();
    behaviour['CertificateReady'] = () => waits(seconds(30));
    expect(await comeBack()).toEqual({ requeueAfter: seconds(30) });
  });

  describe('lets steps rest that were ready', () => {
    /** A house whose steps all may rest, and whose certificate waits. */
    async function waiting() {
      const it = world();
      const resting = (draft: HouseStatus) =>
        it.parts(draft).map((part) => ({ ...part, steps: part.steps.map((step) => ({ ...step, rests: true })) }));
      it.hooks.accept = (draft) => ({ accepted: true, parts: resting(draft), storeFirst: false });
      it.behaviour['CertificateReady'] = () => waits(seconds(30));
      await it.reconcile();
      it.ran.length = 0;
      return it;
    }

    test('and keeps their word', async () => {
      const { comeBack, condition, ran } = await waiting();
      await comeBack();
      expect(ran).toEqual(['CertificateReady']);
      expect(condition('BucketReady')?.status).toBe('True');
    });

    test('and runs those that were not', async () => {
      const { behaviour, comeBack, condition, ran } = await waiting();
      delete behaviour['CertificateReady'];
      await comeBack();
      expect(ran).toEqual(['CertificateReady', 'DistributionReady']);
      expect(condition('Ready')?.status).toBe('True');
    });

    test('not if something changed, nor at the resync, nor once nothing waits any more', async () => {
      const { behaviour, clock, comeBack, ran, reconcile } = await waiting();
      await reconcile();
      expect(ran).toEqual(['BucketReady', 'CertificateReady']);
      ran.length = 0;
      await clock.advance(minutes(10));
      await comeBack();
      expect(ran).toEqual(['BucketReady', 'CertificateReady']);
      delete behaviour['CertificateReady'];
      await comeBack();
      ran.length = 0;
      await comeBack();
      expect(ran).toEqual(['BucketReady', 'CertificateReady', 'DistributionReady']);
    });

    test('never longer than to the resync, however often the object comes back', async () => {
      const { clock, comeBack, ran } = await waiting();
      const passes = 21;
      for (let pass = 0; pass < passes; pass++) {
        await clock.advance(seconds(30));
        await comeBack();
      }
      expect(ran.filter((condition) => condition === 'BucketReady')).toHaveLength(1);
    });

    test('not after a failure, because another step may have to see what it left', async () => {
      const { behaviour, comeBack, ran } = await waiting();
      behaviour['CertificateReady'] = fails();
      await comeBack();
      ran.length = 0;
      await comeBack();
      expect(ran).toEqual(['BucketReady', 'CertificateReady']);
    });

    test('not in another process', async () => {
      const { comeBack, ran, restart } = await waiting();
      restart();
      await comeBack();
      expect(ran).toEqual(['BucketReady', 'CertificateReady']);
    });

    test('not if somebody asks for a pass', async () => {
      const { comeBack, kube, ran } = await waiting();
      kube.edit(houses, ref, { metadata: { annotations: { 'irsa.giantswarm.io/reconcile-at': 'now' } } });
      await comeBack();
      expect(ran).toEqual(['BucketReady', 'CertificateReady']);
    });
  });

  describe('that can be looked at alone', () => {
    /** A distribution that waits until the test says that it is over. */
    async function waiting() {
      const it = world();
      const looks: boolean[] = [];
      let over = false;
      it.behaviour['DistributionReady'] = () =>
        ({
          ...waits(seconds(30)),
          isOver: async () => {
            looks.push(over);
            return over;
          },
        }) as Outcome;
      await it.reconcile();
      it.ran.length = 0;
      const end = () => {
        over = true;
      };
      return { ...it, end, looks };
    }

    test('runs no step until it is over', async () => {
      const { clock, comeBack, end, looks, ran } = await waiting();
      await clock.advance(seconds(30));
      expect(await comeBack()).toEqual({ requeueAfter: seconds(30) });
      await clock.advance(seconds(90));
      expect(await comeBack()).toEqual({ requeueAfter: seconds(60) });
      expect(ran).toEqual([]);
      end();
      await comeBack();
      expect(ran).toEqual(['BucketReady', 'CertificateReady', 'DistributionReady']);
      expect(looks).toEqual([false, false, true]);
    });

    test('runs all steps at the resync, and when something changed', async () => {
      const { clock, comeBack, kube, ran, reconcile } = await waiting();
      await reconcile();
      expect(ran).toHaveLength(3);
      await clock.advance(minutes(10));
      await comeBack();
      expect(ran).toHaveLength(6);
      kube.edit(houses, ref, { spec: { colour: 'blue' } });
      await comeBack();
      expect(ran).toHaveLength(9);
      kube.remove(houses, ref);
      await comeBack();
      expect(ran).toContain('remove BucketReady');
    });

    test('runs all steps at the resync although somebody set the clock back', async () => {
      const { clock, comeBack, ran } = await waiting();
      clock.setBack(minutes(60));
      await clock.advance(minutes(10));
      await comeBack();
      expect(ran).toHaveLength(3);
    });

    test('runs all steps where another condition is bad too', async () => {
      const { behaviour, comeBack, ran, reconcile } = await waiting();
      behaviour['BucketReady'] = () => waits(seconds(30));
      await reconcile();
      ran.length = 0;
      await comeBack();
      expect(ran).toContain('BucketReady');
    });
  });
});

describe('an object that is not accepted', () => {
  test('runs no step, gets no finalizer, and says so', async () => {
    const { hooks, house, kube, ran, reconcile, word } = world();
    hooks.accept = () => ({ accepted: false, reason: 'InvalidSpec', message: 'spec.colour is no colour' });
    expect(await reconcile()).toEqual({ requeueAfter: minutes(10), settled: true });
    expect(ran).toEqual([]);
    expect(house()?.metadata.finalizers).toBeUndefined();
    expect(word('Accepted')).toEqual(['False', 'InvalidSpec', 'spec.colour is no colour']);
    expect(word('BucketReady')).toEqual([undefined, undefined, undefined]);
    expect(word('Ready')).toEqual(['False', 'InvalidSpec', 'Accepted: spec.colour is no colour']);
    expect(word('Stalled')[0]).toBe('True');
    expect(kube.events.map((event) => event.reason)).toEqual(['InvalidSpec']);
  });

  test('keeps what its other conditions said of the spec before', async () => {
    const { condition, hooks, kube, reconcile, settle, word } = world();
    await settle();
    kube.edit(houses, ref, { spec: { colour: 'blue' } });
    hooks.accept = () => ({ accepted: false, reason: 'InvalidSpec', message: 'spec.colour is no colour' });
    await reconcile();
    expect(word('BucketReady')).toEqual(['True', 'Provisioned', '']);
    expect(condition('BucketReady')?.observedGeneration).toBe(1);
    expect(condition('Ready')).toMatchObject({ status: 'False', reason: 'InvalidSpec', observedGeneration: 2 });
  });

  test('is not known to be wrong where the looking failed', async () => {
    const { hooks, ran, reconcile, word } = world();
    hooks.accept = fails('sts:AssumeRole is missing');
    expect(await reconcile()).toEqual({ failed: true });
    expect(ran).toEqual([]);
    expect(word('Accepted')).toEqual(['Unknown', 'AccessDenied', 'sts:AssumeRole is missing']);
    expect(word('Ready')).toEqual(['Unknown', 'AccessDenied', 'Accepted: sts:AssumeRole is missing']);
  });
});

describe('a suspended object', () => {
  test('is left alone, and its conditions keep their word', async () => {
    const { condition, house, kube, ran, reconcile, settle, word } = world();
    await settle();
    kube.edit(houses, ref, { spec: { suspend: true } });
    expect(await reconcile()).toEqual({});
    expect(ran).toEqual([]);
    expect(word('Ready')).toEqual(['True', 'Provisioned', '']);
    expect(condition('Ready')?.observedGeneration).toBe(1);
    expect(house()?.status?.observedGeneration).toBe(2);
    kube.writes.length = 0;
    await reconcile();
    expect(kube.writes).toEqual([]);
  });

  test('waits with its deletion, and an event says so', async () => {
    const { house, kube, ran, reconcile, settle } = world();
    await settle();
    kube.edit(houses, ref, { spec: { suspend: true } });
    kube.remove(houses, ref);
    await reconcile();
    expect(ran).toEqual([]);
    expect(house()).toBeDefined();
    expect(kube.events.at(-1)).toMatchObject({
      reason: 'DeletionWaits',
      note: 'the deletion waits until spec.suspend is removed',
    });
  });
});

const wayOut = '(spec.deletionPolicy: Retain ends the deletion at once and leaves on AWS what is there)';

describe('deletion', () => {
  async function deleted(spec: House['spec'] = {}) {
    const it = world(spec);
    await it.settle();
    it.kube.remove(houses, ref);
    return it;
  }

  test('removes its steps in reverse, then lets go', async () => {
    const { house, ran, reconcile } = await deleted();
    expect(await reconcile()).toEqual({});
    expect(ran).toEqual(['remove DistributionReady', 'remove CertificateReady', 'remove BucketReady']);
    expect(house()).toBeUndefined();
  });

  test('stops at the first that waits, names it, and goes on from there', async () => {
    const { behaviour, house, ran, reconcile, word } = await deleted();
    behaviour['remove CertificateReady'] = () => ({
      state: 'waiting',
      reason: 'InUse',
      message: 'still in use',
      requeueAfter: seconds(5),
    });
    expect(await reconcile()).toEqual({ requeueAfter: seconds(5) });
    expect(ran).toEqual(['remove DistributionReady', 'remove CertificateReady']);
    expect(word('DistributionReady')).toEqual(['False', 'Deleting', 'removed']);
    expect(word('CertificateReady')).toEqual(['False', 'InUse', 'still in use']);
    expect(word('BucketReady')).toEqual(['True', 'Provisioned', '']);
    expect(word('Ready')).toEqual(['False', 'Deleting', `CertificateReady: still in use ${wayOut}`]);

    delete behaviour['remove CertificateReady'];
    await reconcile();
    expect(house()).toBeUndefined();
  });

  test('a failure holds the object, is shown, and is tried again', async () => {
    const { behaviour, house, kube, ran, reconcile, word } = await deleted();
    behaviour['remove DistributionReady'] = fails('cloudfront:DeleteDistribution is missing');
    expect(await reconcile()).toEqual({ failed: true });
    expect(ran).toEqual(['remove DistributionReady']);
    expect(house()).toBeDefined();
    expect(word('Ready')).toEqual([
      'False',
      'Deleting',
      `DistributionReady: cloudfront:DeleteDistribution is missing ${wayOut}`,
    ]);
    expect(kube.events.at(-1)?.reason).toBe('AccessDenied');
  });

  test('keeps all with deletionPolicy Retain, and says so', async () => {
    const { house, kube, ran, reconcile } = await deleted({ deletionPolicy: 'Retain' });
    await reconcile();
    expect(ran).toEqual([]);
    expect(house()).toBeUndefined();
    expect(kube.events.at(-1)).toMatchObject({ type: 'Normal', reason: 'Retained' });
  });

  test('lets go at once where nothing was ever made', async () => {
    const { hooks, house, ran, reconcile } = await deleted();
    hooks.removal = () => [];
    await reconcile();
    expect(ran).toEqual([]);
    expect(house()).toBeUndefined();
  });

  test('holds where what to remove cannot be found out', async () => {
    const { hooks, house, reconcile, word } = await deleted();
    hooks.removal = fails('sts:AssumeRole is missing');
    expect(await reconcile()).toEqual({ failed: true });
    expect(house()).toBeDefined();
    expect(word('Ready')).toEqual(['False', 'Deleting', `Accepted: sts:AssumeRole is missing ${wayOut}`]);
  });

  test('does not run an object that somebody else holds after we let go', async () => {
    const { house, kube, ran, reconcile, settle } = world();
    kube.edit(houses, ref, { metadata: { finalizers: ['other.example/it'] } });
    await settle();
    kube.remove(houses, ref);
    await reconcile();
    expect(house()?.metadata.finalizers).toEqual(['other.example/it']);
    ran.length = 0;
    expect(await reconcile()).toEqual({});
    expect(ran).toEqual([]);
  });

  test('brings no finalizer back that somebody else took away at the same moment', async () => {
    const { house, kube, reconcile, settle } = world();
    kube.edit(houses, ref, { metadata: { finalizers: ['other.example/it', 'kept.example/it'] } });
    await settle();
    kube.remove(houses, ref);
    const finalizers = ['kept.example/it', finalizer];
    kube.afterNextFind(houses, () => kube.edit(houses, ref, { metadata: { finalizers } }));
    expect(await reconcile()).toEqual({ failed: true });
    await reconcile();
    expect(house()?.metadata.finalizers).toEqual(['kept.example/it']);
  });

  test('looks again with a back-off where the object changed while it was removed', async () => {
    const { house, kube, reconcile } = await deleted();
    kube.failNext('patch', new KubeError('modified', 409, 'Conflict'));
    expect(await reconcile()).toEqual({ failed: true });
    await reconcile();
    expect(house()).toBeUndefined();
  });

  test('is happy where the object vanished meanwhile', async () => {
    const { behaviour, kube, reconcile } = await deleted();
    behaviour['remove DistributionReady'] = () => {
      kube.edit(houses, ref, { metadata: { finalizers: [] } });
      return waits();
    };
    expect(await reconcile()).toEqual({});
  });
});
