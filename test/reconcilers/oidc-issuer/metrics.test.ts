import { expect, test } from '@jest/globals';
import { countedPasses, issuerMetrics } from '../../../src/controllers/pass-metrics.ts';
import { OperatorMetrics } from '../../../src/observability/operator-metrics.ts';
import { hours, seconds } from '../../../src/runtime/duration.ts';
import { turn } from '../../fakes/turn.ts';
import { issuerURL, ref, Story } from './story.ts';

function world(options: { readonly isLookedAt?: boolean } = {}) {
  const metrics = new OperatorMetrics();
  const story: Story = new Story({}, () =>
    issuerMetrics(metrics, { now: () => story.clock.now(), isLookedAt: true, ...options }),
  );
  /** The value of the issuer's metric of that name. */
  const value = (name: string) => {
    const line = metrics
      .render()
      .split('\n')
      .find((each) => each.startsWith(`${name}{namespace="${ref.namespace}",name="${ref.name}"} `));
    return line === undefined ? undefined : Number(line.split(' ')[1]);
  };
  return {
    story,
    verified: () => value('irsa_issuer_verified_timestamp_seconds'),
    notAfter: () => value('irsa_certificate_not_after_timestamp_seconds'),
    now: () => Math.floor(story.clock.now().getTime() / 1000),
  };
}

test('tell when the issuer was last verified: 0 before that, and nothing new while it is not', async () => {
  const { story, verified, now } = world();
  await story.reconcile();
  await story.reconcile();
  expect(verified()).toBe(0);
  await story.untilReady();
  const first = now();
  expect(verified()).toBe(first);
  await story.clock.advance(hours(1));
  await story.reconcile();
  expect(verified()).toBe(first + 3600);
  story.documents.answers.set(`${issuerURL}/keys.json`, { keys: [] });
  await story.clock.advance(hours(1));
  await story.reconcile();
  expect(story.condition('Verified')?.status).toBe('False');
  expect(verified()).toBe(first + 3600);
});

test('tell of no success where nobody looks', async () => {
  const { story, verified, notAfter } = world({ isLookedAt: false });
  await story.untilReady();
  expect(verified()).toBeUndefined();
  expect(notAfter()).toBeGreaterThan(0);
});

test('tell when the certificate expires, and nothing of an object that is gone', async () => {
  const { story, verified, notAfter } = world();
  await story.untilReady();
  await story.reconcile();
  expect(notAfter()).toBe(Date.parse(story.site?.certificate?.notAfter ?? '') / 1000);
  story.delete();
  await story.untilGone();
  await story.clock.advance(seconds(1));
  await story.reconcile();
  expect([verified(), notAfter()]).toEqual([undefined, undefined]);
});

test('count passes by how they end', async () => {
  const counts: string[] = [];
  const answers = [{}, { requeueAfter: 1 }, { failed: true }, new Error('it broke')];
  const reconcile = countedPasses(
    async () => {
      const answer = answers.shift()!;
      if (answer instanceof Error) throw answer;
      return answer;
    },
    (result) => counts.push(result),
  );
  for (let pass = 0; pass < 3; pass++) await reconcile(ref, turn());
  await expect(reconcile(ref, turn())).rejects.toThrow('it broke');
  expect(counts).toEqual(['success', 'success', 'error', 'error']);
});
