import type { Result, Turn } from '../../../../src/runtime/reconciler.ts';
import { WorkQueue } from '../../../../src/runtime/work-queue.ts';
import { FakeClock, settled } from '../../../fakes/clock.ts';

/** A queue whose runs end when the test says so. No jitter. */
export function harness(concurrency = 2, startsAfter?: Promise<unknown>) {
  const clock = new FakeClock();
  const started: string[] = [];
  const running = new Map<string, (result: Result) => void>();
  let overlapped = false;
  const turns: Turn[] = [];
  const queue = new WorkQueue({
    concurrency,
    clock,
    random: () => 0.5,
    ...(startsAfter && { startsAfter }),
    run: (key, turn) => {
      started.push(key);
      turns.push(turn);
      if (running.has(key)) overlapped = true;
      return new Promise((resolve) => running.set(key, resolve));
    },
  });
  return {
    clock,
    queue,
    started,
    running,
    overlapped: () => overlapped,
    turns,
    aborted: () => turns.at(-1)?.signal.aborted,
    finish: async (key: string, result: Result = {}) => {
      const end = running.get(key);
      if (!end) throw new Error(`${key} does not run`);
      running.delete(key);
      end(result);
      await settled();
    },
  };
}
