import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import type { Result } from '../../../../src/runtime/reconciler.ts';
import type { Priority } from '../../../../src/runtime/fair-queue.ts';
import { settled } from '../../../fakes/clock.ts';
import { harness } from './harness.ts';
import { WorkQueueModel } from './model.ts';

type Action =
  | { readonly do: 'add'; readonly key: string; readonly priority: Priority }
  | { readonly do: 'finish'; readonly nth: number; readonly result: Result }
  | { readonly do: 'advance'; readonly by: number };

const key = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const time = fc.constantFrom(0, 0, 1, 500, 1000, 3000);
const result: fc.Arbitrary<Result> = fc.oneof(
  fc.constant({}),
  fc.constant({ failed: true }),
  fc.record({ requeueAfter: time, settled: fc.boolean() }),
);
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('add'),
      key,
      priority: fc.constantFrom('high', 'normal', 'low'),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('finish'), nth: fc.nat(4), result }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('advance'), by: time }) },
);
const story = { concurrency: fc.integer({ min: 1, max: 3 }), actions: fc.array(action, { maxLength: 60 }) };

async function play(concurrency: number, actions: readonly Action[]) {
  const real = harness(concurrency);
  const model = new WorkQueueModel(concurrency);
  for (const step of actions) {
    if (step.do === 'add') {
      real.queue.add(step.key, step.priority);
      model.add(step.key, step.priority);
    } else if (step.do === 'finish') {
      const running = [...model.running.keys()];
      const ending = running[step.nth % running.length];
      if (ending === undefined) continue;
      await real.finish(ending, step.result);
      model.finish(ending, step.result);
    } else {
      await real.clock.advance(step.by);
      model.advance(step.by);
    }
    await settled();
    expect(real.started).toEqual(model.started);
  }
  return { real, model };
}

test('starts the keys that the model starts, in its order and at its times', async () => {
  await fc.assert(
    fc.asyncProperty(story.concurrency, story.actions, async (concurrency, actions) => {
      const { real } = await play(concurrency, actions);
      expect(real.overlapped()).toBe(false);
      expect(real.running.size).toBeLessThanOrEqual(8 * concurrency);
    }),
    { numRuns: 300 },
  );
});

test('loses no key: each runs after its last add, once time has passed and all runs have ended', async () => {
  await fc.assert(
    fc.asyncProperty(story.concurrency, story.actions, async (concurrency, actions) => {
      const { real } = await play(concurrency, actions);
      const owed = new Set(actions.flatMap((step) => (step.do === 'add' ? [step.key] : [])));
      for (const last of owed) real.queue.add(last);
      const before = real.started.length;
      const alreadyRunning = new Set(real.running.keys());
      for (let round = 0; round < 20; round++) {
        for (const running of [...real.running.keys()]) await real.finish(running);
        await real.clock.advance(1);
      }
      const after = new Set(real.started.slice(before));
      for (const last of owed) expect(after.has(last) || alreadyRunning.has(last)).toBe(true);
      expect(real.running.size).toBe(0);
    }),
    { numRuns: 100 },
  );
});
