import { minutes } from '../../../src/runtime/duration.ts';
import { Kill } from '../../fakes/gate.ts';
import type { Migration } from './migrating.ts';

/** What an operator does that is killed at each of its writes, to AWS and to Kubernetes. */
export interface Work {
  /** All up to the work. */
  readonly begin: () => Promise<Migration>;
  readonly act: (story: Migration) => Promise<void>;
  /** What stands in the end, wherever the operator was killed. */
  readonly end: readonly string[];
}

/** Does the work up to that write, kills the operator and starts another one. Undefined: there was no such write. */
export async function killed(
  { begin, act }: Work,
  last: number,
): Promise<{ readonly story: Migration; readonly where: string } | undefined> {
  const story = await begin();
  const kill = new Kill(last);
  story.aws.gate = kill.gate;
  story.kube.gate = kill.gate;
  await act(story).catch(() => undefined);
  if (kill.where === undefined) return undefined;
  story.aws.gate = (_, call) => call();
  story.kube.gate = (_, call) => call();
  story.restart();
  return { story, where: kill.where };
}

/** What is wrong in the end of the work, for each write after which the operator was killed. */
export async function survivals(
  work: Work,
  standing: (story: Migration) => readonly string[],
): Promise<{ readonly problems: readonly string[]; readonly kills: number }> {
  const problems: string[] = [];
  let kills = 0;
  for (let cut = await killed(work, 0); cut; cut = await killed(work, ++kills)) {
    const { story, where } = cut;
    const failure = await work.act(story).then(
      () => undefined,
      (error: unknown) => String(error),
    );
    const found = failure ?? standing(story).join(', ');
    if (found !== work.end.toSorted().join(', ')) problems.push(`killed after ${where}: ${found}`);
  }
  return { problems, kills };
}

/** Also what AWS may not have shown in the first minute. */
export async function settled(story: Migration): Promise<void> {
  await story.settle();
  await story.clock.advance(minutes(1));
  await story.settle();
}
