import { expect, test } from '@jest/globals';
import { iamServiceAccounts } from '../../../src/api/resources.ts';
import { Kill } from '../../fakes/gate.ts';
import { role } from './migrating.ts';
import { first, Moving, second, third } from './moving.ts';
import { alias, globalBucket } from './story.ts';

interface Move {
  readonly from: object;
  /** What the users do, with passes between. They do the rest of it again after the operator was killed. */
  readonly act: (story: Moving) => Promise<void>;
  readonly buckets: readonly string[];
}

const underAlias = { hosting: { cloudFront: { alias } } };
const underDistribution = { hosting: { cloudFront: {} } };

const to =
  (...names: readonly string[]) =>
  async (story: Moving) => {
    for (const name of names) {
      story.moveTo(name);
      await story.pass();
      await story.pass();
    }
    await story.end();
  };

const moves: Readonly<Record<string, Move>> = {
  'moves to another bucket': { from: underAlias, act: to(second), buckets: [second] },
  'moves without an alias': { from: underDistribution, act: to(second), buckets: [second] },
  'moves from a global name': {
    from: { ...underAlias, bucket: { name: globalBucket } },
    act: to(second),
    buckets: [globalBucket, second],
  },
  'moves and goes back': { from: underAlias, act: to(second, first), buckets: [first] },
  'moves on to a third': { from: underDistribution, act: to(second, third), buckets: [third] },
};

/** The operator is killed after that write. Undefined: there was no such write. */
async function killed({ from, act }: Move, last: number): Promise<{ story: Moving; where: string } | undefined> {
  const story = await Moving.from(from);
  const kill = new Kill(last);
  const { aws, kube } = story;
  const [awsGate, kubeGate] = [aws.gate, kube.gate];
  aws.gate = (call, effect) => kill.gate(call, () => awsGate(call, effect));
  kube.gate = kill.gate;
  await act(story).catch(() => undefined);
  if (kill.where === undefined) return undefined;
  aws.gate = awsGate;
  kube.gate = kubeGate;
  story.restart();
  return { story, where: kill.where };
}

/** What is wrong once the work has gone on after each kill. */
async function problemsOf(move: Move, goOn: (story: Moving) => Promise<readonly string[]>): Promise<string[]> {
  const problems: string[] = [];
  let kills = 0;
  for (let cut = await killed(move, 0); cut; cut = await killed(move, ++kills)) {
    const { story, where } = cut;
    for (const problem of await goOn(story)) problems.push(`killed after ${where} (${kills}): ${problem}`);
  }
  expect(kills).toBeGreaterThan(8);
  return problems;
}

const stateOf = (story: Moving) => ({
  outages: story.outages,
  buckets: story.buckets.toSorted(),
  controls: story.controls,
  status: story.status.sites?.map(({ bucket, nextBucket, formerBuckets }) => [bucket?.name, nextBucket, formerBuckets]),
  ready: story.condition('Ready')?.status,
  distributions: story.account.distributions.size,
});

test.each(Object.entries(moves))(
  'an operator that %s serves the documents throughout and comes to the same end wherever it is killed, with and without its status',
  async (_, move) => {
    for (const forgets of [false, true]) {
      const name = move.buckets.at(-1)!;
      const expected = {
        outages: [],
        buckets: move.buckets.toSorted(),
        controls: [name],
        status: [[name, undefined, undefined]],
        ready: 'True',
        distributions: 1,
      };
      const found = await problemsOf(move, async (story) => {
        if (forgets) story.loseStatus();
        await to(name)(story);
        const state = stateOf(story);
        return JSON.stringify(state) === JSON.stringify(expected) ? [] : [JSON.stringify(state)];
      });
      expect(found).toEqual([]);
    }
  },
  120_000,
);

test.each(Object.entries(moves))(
  'an operator that %s leaves nothing if it is killed and the issuer is deleted, with and without its status',
  async (_, move) => {
    for (const forgets of [false, true]) {
      const found = await problemsOf(move, async (story) => {
        story.kube.remove(iamServiceAccounts, role);
        await story.reconcileRole();
        if (forgets) story.loseStatus();
        story.delete();
        await story.untilGone();
        return story.leftovers.filter((what) => what !== `bucket ${globalBucket}`);
      });
      expect(found).toEqual([]);
    }
  },
  120_000,
);
