import { describe, expect, test } from '@jest/globals';
import { oidcIssuers, secrets } from '../../../src/api/resources.ts';
import { publicKeys } from '../../../src/oidc/keys.ts';
import { hours } from '../../../src/runtime/duration.ts';
import { KubeError } from '../../../src/runtime/kube-error.ts';
import { Kill } from '../../fakes/gate.ts';
import { Rotating, secretRef } from './rotating.ts';
import { newPublicKey, ref } from './story.ts';

const stages = ['AwaitingPromotion', 'AwaitingRetirement', 'Retiring'] as const;

/** What a pass over unchanged state writes. */
async function writesOf(story: Rotating) {
  story.forget();
  await story.reconcile();
  return [story.aws.writes, story.kube.writes, story.workload.writes, story.said];
}

describe('a rotation that somebody asks for', () => {
  test('goes through its stages, and API servers sign with the next key only after it was published for a day', async () => {
    const story = await Rotating.ready();
    const { signsWith: old } = story;
    story.say('rotate', '1');
    await story.reach('AwaitingPromotion');
    const next = story.status.rotation?.kid ?? '';
    expect([story.signsWith, story.verifiesWith, story.published]).toEqual([old, [old, next], [old, next]]);
    story.say('rotation-confirmed', next);
    await story.clock.advance(hours(24) - 1000);
    await story.untilReady();
    expect([story.stage, story.signsWith]).toEqual(['AwaitingPromotion', old]);
    await story.clock.advance(1000);
    await story.untilReady();
    expect([story.stage, story.signsWith]).toEqual(['AwaitingRetirement', next]);
    expect([story.verifiesWith, story.published]).toEqual([
      [old, next],
      [old, next],
    ]);
    expect(Object.keys(story.entries)).not.toContain('next.key');
    await story.clock.advance(hours(1000));
    await story.untilReady();
    expect(story.published).toEqual([old, next]);
    story.say('rotation-signing', next);
    await story.untilReady();
    expect(story.status).toMatchObject({
      rotation: { stage: 'Retiring', kid: next },
      keys: [{ kid: old }, { kid: next }],
    });
    expect(story.status.keys?.[0]?.missingSince).toBe(story.status.rotation?.since);
    await story.clock.advance(hours(25) - 1000);
    await story.untilReady();
    expect([story.verifiesWith, story.published]).toEqual([
      [old, next],
      [old, next],
    ]);
    await story.clock.advance(1000);
    await story.untilReady();
    expect([story.stage, story.signsWith, story.verifiesWith, story.published]).toEqual([
      undefined,
      next,
      [next],
      [next],
    ]);
    expect(Object.keys(story.entries)).toEqual(['key', 'pub']);
  });

  test('is told in events, one a stage, in the condition and in the status, and nothing private is', async () => {
    const story = await Rotating.ready();
    const old = story.entries['key'] ?? '';
    story.say('rotate', '1');
    await story.reach('AwaitingPromotion');
    const next = story.entries['next.key'] ?? '';
    const { kid } = story.status.rotation ?? {};
    expect(story.condition('SigningKeysReady')).toMatchObject({
      status: 'True',
      message: `rotation to key ${kid}, AwaitingPromotion: STS may not know it before 2030-01-02T00:00:00Z`,
    });
    await story.reach(undefined);
    const told = story.said.filter(({ reason }) => reason === 'KeyRotation').map(({ message }) => message);
    expect(told.map((message) => /, (\w+):|is done/.exec(message)?.[1])).toEqual(['Publishing', ...stages, undefined]);
    const shown = JSON.stringify([story.object, story.said, story.logger]);
    for (const pem of [old, next]) expect(shown).not.toContain(pem.split('\n')[1]);
  });

  test('begins once for each value', async () => {
    const story = await Rotating.ready();
    story.say('rotate', '1');
    await story.reach('Retiring');
    story.say('rotate', '2');
    await story.clock.advance(hours(25));
    await story.untilReady();
    expect(story.stage).toBeUndefined();
    const { signsWith: second } = story;
    await story.reach('AwaitingPromotion');
    await story.reach(undefined);
    expect(story.signsWith).not.toBe(second);
    await story.clock.advance(hours(1000));
    await story.untilReady();
    expect(story.stage).toBeUndefined();
    story.say('rotate', null);
    await story.untilReady();
    expect(story.stage).toBeUndefined();
  });

  test('does not begin for a key that is made only then', async () => {
    const story = new Rotating();
    story.say('rotate', '1');
    await story.untilReady();
    await story.untilReady();
    expect(story.stage).toBeUndefined();
  });

  test.each(stages)('writes nothing in %s while nothing changes', async (stage) => {
    const story = await Rotating.ready();
    story.say('rotate', '1');
    await story.reach(stage);
    expect(await writesOf(story)).toEqual([[], [], [], []]);
  });

  test.each(stages)('goes on from %s if the status is lost', async (stage) => {
    const story = await Rotating.ready();
    story.say('rotate', '1');
    await story.reach(stage);
    const { kid } = story.status.rotation ?? {};
    story.loseStatus();
    await story.untilReady();
    await story.untilReady();
    expect([story.stage, story.published.length]).toEqual([stage, 2]);
    await story.reach(undefined);
    expect([story.signsWith, story.published]).toEqual([kid, [kid]]);
  });

  test('publishes the next key at former sites too, and API servers sign with it once those are retired', async () => {
    const story = await Rotating.ready();
    story.say('rotate', '1');
    await story.reach('AwaitingPromotion');
    const { kid } = story.status.rotation ?? {};
    story.kube.edit(oidcIssuers, ref, { spec: { hosting: { cloudFront: { alias: 'irsa.renamed.example.com' } } } });
    await story.untilReady();
    story.say('rotation-confirmed', kid);
    await story.clock.advance(hours(100));
    await story.untilReady();
    expect(story.stage).toBe('AwaitingPromotion');
    expect(story.condition('SigningKeysReady')?.message).toContain('former sites');
    const sets = [...story.bucket.objects].filter(([key]) => key.endsWith('keys.json')).map(([, { body }]) => body);
    expect(sets.map((body) => body.includes(kid ?? '?'))).toEqual([true, true]);
  });

  test('takes as long as keyRetention says', async () => {
    const story = await Rotating.ready({ keyRetention: '50h' });
    story.say('rotate', '1');
    await story.reach('Retiring');
    await story.clock.advance(hours(49.9));
    await story.untilReady();
    expect([story.stage, story.published.length]).toEqual(['Retiring', 2]);
    await story.clock.advance(hours(0.1));
    await story.untilReady();
    expect([story.stage, story.published.length]).toEqual([undefined, 1]);
  });

  test('is forgotten if the keys come from elsewhere, and the next key goes as any other does', async () => {
    const story = await Rotating.ready();
    story.say('rotate', '1');
    await story.reach('AwaitingPromotion');
    story.kube.edit(oidcIssuers, ref, {
      spec: { signingKeys: { generate: null, secretRef: { name: 'abcl0-sa', key: 'tls.crt' } } },
    });
    await story.untilReady();
    expect(story.status).not.toHaveProperty('rotation');
    expect(story.published).toHaveLength(3);
  });
});

test('rotateEvery begins a rotation when the key is that old, and not before', async () => {
  const story = await Rotating.ready({}, '168h');
  const { signsWith: old } = story;
  await story.clock.advance(hours(168) - 1000);
  await story.untilReady();
  expect(story.stage).toBeUndefined();
  await story.clock.advance(1000);
  await story.untilReady();
  await story.reach(undefined);
  expect(story.signsWith).not.toBe(old);
  await story.untilReady();
  expect(story.stage).toBeUndefined();
});

const cluster = { kubeconfigSecretRef: { name: 'abcl0-kubeconfig', key: 'value' } };

describe('where the operator reaches the cluster', () => {
  const begun = async () => {
    const story = new Rotating({ cluster });
    story.seedSecret('abcl0-kubeconfig', { value: story.kubeconfig });
    await story.untilReady();
    story.say('rotate', '1');
    await story.reach('AwaitingPromotion');
    return { story, old: story.signsWith, next: story.status.rotation?.kid ?? '' };
  };
  const lists = (story: Rotating) => {
    story.workload.keys = { keys: publicKeys(story.entries['pub'] ?? '').keys };
  };

  test('its own key set, which lists the next key at each look for a day, says that API servers verify with it', async () => {
    const { story, old, next } = await begun();
    lists(story);
    await story.untilReady();
    expect(story.status.rotation?.listedSince).toBe('2030-01-01T00:00:00Z');
    await story.clock.advance(hours(24) - 1000);
    await story.untilReady();
    expect(story.signsWith).toBe(old);
    await story.clock.advance(1000);
    await story.untilReady();
    expect([story.stage, story.signsWith]).toEqual(['AwaitingRetirement', next]);
  });

  test('an API server that does not verify with it holds the promotion, whatever somebody says', async () => {
    const { story, old, next } = await begun();
    story.workload.keys = { keys: publicKeys(story.entries['pub'] ?? '').keys.slice(0, 1) };
    story.say('rotation-confirmed', next);
    await story.clock.advance(hours(100));
    await story.untilReady();
    expect([story.stage, story.signsWith]).toEqual(['AwaitingPromotion', old]);
    expect(story.condition('SigningKeysReady')?.message).toContain('whatever the annotation says');
    lists(story);
    await story.untilReady();
    expect(story.signsWith).toBe(next);
  });

  describe('and it issues tokens for the operator', () => {
    const promoted = async () => {
      const { story, old, next } = await begun();
      lists(story);
      story.workload.signers = [old];
      story.say('rotation-confirmed', next);
      await story.reach('AwaitingRetirement');
      await story.untilReady();
      return { story, old, next };
    };
    const message = (story: Rotating) => story.condition('SigningKeysReady')?.message;

    test('the former key is retired once every token for a day carries the new one, without a word', async () => {
      const { story, old, next } = await promoted();
      expect(message(story)).toContain(`still signs tokens with key ${old}`);
      story.workload.signers = [next, next, next, next, old];
      await story.clock.advance(hours(100));
      await story.untilReady();
      expect(story.status.rotation).not.toHaveProperty('signedSince');
      story.workload.signers = [next];
      await story.untilReady();
      const { signedSince } = story.status.rotation ?? {};
      expect(signedSince).toBe('2030-01-06T04:00:00Z');
      await story.clock.advance(hours(24) - 1000);
      await story.untilReady();
      expect([story.stage, story.published]).toEqual(['AwaitingRetirement', [old, next]]);
      await story.clock.advance(1000);
      await story.untilReady();
      expect(story.status.rotation).toMatchObject({ stage: 'Retiring', since: '2030-01-07T04:00:00Z', signedSince });
      await story.clock.advance(hours(25) - 1000);
      await story.untilReady();
      expect([story.verifiesWith, story.published]).toEqual([
        [old, next],
        [old, next],
      ]);
      await story.clock.advance(1000);
      await story.untilReady();
      expect([story.stage, story.verifiesWith, story.published]).toEqual([undefined, [next], [next]]);
    });

    test('one that carries the former key counts also at a look that lacks some', async () => {
      const { story, old, next } = await promoted();
      story.workload.signers = [next];
      await story.untilReady();
      await story.clock.advance(hours(24));
      await story.untilReady();
      expect(story.stage).toBe('Retiring');
      story.workload.signers = [new KubeError('asking for a token: Unreachable', undefined, undefined), old];
      await story.untilReady();
      expect([story.stage, message(story)]).toEqual([
        'AwaitingRetirement',
        expect.stringContaining(`still signs tokens with key ${old}`),
      ]);
    });

    test('one that carries the former key brings the former key back while it retires', async () => {
      const { story, old, next } = await promoted();
      story.workload.signers = [next];
      await story.untilReady();
      await story.clock.advance(hours(24));
      await story.untilReady();
      expect(story.status.keys?.[0]).toMatchObject({ kid: old, missingSince: story.status.rotation?.since });
      await story.clock.advance(hours(24.9));
      story.workload.signers = [next, next, next, old];
      await story.untilReady();
      expect(story.stage).toBe('AwaitingRetirement');
      await story.clock.advance(hours(1));
      await story.untilReady();
      expect(story.status.keys?.map(({ kid, missingSince }) => [kid, missingSince])).toEqual([
        [old, undefined],
        [next, undefined],
      ]);
    });

    test('five are asked for at each look, of an account without power, for nobody, and only after the promotion', async () => {
      const { story, next } = await promoted();
      story.workload.signers = [next];
      story.workload.tokensAsked.length = 0;
      await story.reconcile();
      expect(story.workload.tokensAsked).toEqual(
        Array.from({ length: 5 }, () => 'kube-node-lease/default for irsa-operator-rotation'),
      );
      story.say('rotation-signing', next);
      await story.reach(undefined);
      story.workload.tokensAsked.length = 0;
      story.say('rotate', '2');
      await story.reach('AwaitingPromotion');
      expect(story.workload.tokensAsked).toEqual([]);
    });

    test.each(['AwaitingRetirement', 'Retiring'] as const)(
      'writes nothing in %s while nothing changes',
      async (stage) => {
        const { story, next } = await promoted();
        story.workload.signers = [next];
        await story.untilReady();
        if (stage === 'Retiring') await story.clock.advance(hours(24));
        await story.untilReady();
        await story.clock.advance(1000);
        expect([story.stage, await writesOf(story)]).toEqual([stage, [[], [], [], []]]);
      },
    );

    test('the former key is retired all the same if the status is lost meanwhile, after as long again', async () => {
      const { story, old, next } = await promoted();
      story.workload.signers = [next];
      await story.untilReady();
      await story.clock.advance(hours(24));
      await story.untilReady();
      expect(story.stage).toBe('Retiring');
      story.loseStatus();
      await story.untilReady();
      await story.untilReady();
      expect([story.stage, story.published]).toEqual(['AwaitingRetirement', [old, next]]);
      await story.clock.advance(hours(24));
      await story.untilReady();
      await story.clock.advance(hours(25));
      await story.untilReady();
      expect([story.stage, story.published]).toEqual([undefined, [next]]);
    });

    test.each<[string, KubeError, RegExp]>([
      ['it may not', new KubeError('asking for a token: Forbidden', 403, 'Forbidden'), /asking for a token: Forbidden/],
      ['nobody answers', new KubeError('asking for a token: Unreachable', undefined, undefined), /Unreachable/],
    ])('waits for a word where %s, and says so', async (_, signers, words) => {
      const { story, next } = await promoted();
      story.workload.signers = [signers];
      await story.clock.advance(hours(1000));
      await story.untilReady();
      expect(story.stage).toBe('AwaitingRetirement');
      expect(message(story)).toMatch(/rotation-signing=/);
      expect(message(story)).toMatch(words);
      expect(story.condition('SigningKeysReady')?.status).toBe('True');
      story.say('rotation-signing', next);
      await story.untilReady();
      expect(story.stage).toBe('Retiring');
      await story.reach(undefined);
    });

    test('waits for a word where the way to the cluster is lost, and says so', async () => {
      const { story } = await promoted();
      story.kube.remove(secrets, { namespace: 'default', name: 'abcl0-kubeconfig' });
      await story.untilReady();
      expect(message(story)).toContain('Secret abcl0-kubeconfig with the kubeconfig does not exist');
    });

    test('the former key is not retired at a look that lacks a token, and is at the next one that lacks none', async () => {
      const { story, next } = await promoted();
      story.workload.signers = [next];
      await story.untilReady();
      story.workload.signers = [new KubeError('asking for a token: Unreachable', undefined, undefined), next];
      await story.clock.advance(hours(24));
      await story.untilReady();
      expect(story.stage).toBe('AwaitingRetirement');
      story.workload.signers = [next];
      await story.untilReady();
      expect(story.stage).toBe('Retiring');
    });
  });
});

describe('the Secret', () => {
  test.each<[string, (story: Rotating) => void]>([
    [
      'somebody else changed it at the same moment',
      (story) => story.kube.afterNextFind(secrets, () => story.editSecret({ mine: 'x' })),
    ],
    [
      'its change takes effect and is not answered',
      (story) => story.kube.failNext('patch', new KubeError('patching', undefined, undefined), { tookEffect: true }),
    ],
    ['its change fails', (story) => story.kube.failNext('patch', new KubeError('patching', 500, 'InternalError'))],
  ])('is changed all the same where %s', async (_, spoil) => {
    for (const stage of [undefined, 'AwaitingPromotion', 'Retiring'] as const) {
      const story = await Rotating.ready();
      const { signsWith: old } = story;
      story.say('rotate', '1');
      if (stage !== undefined) {
        await story.reach(stage);
        await story.help();
      }
      spoil(story);
      await story.reconcile();
      await story.reach(undefined);
      await story.reach(undefined);
      expect(story.signsWith).not.toBe(old);
      expect(story.published).toEqual([story.signsWith]);
    }
  });

  test('keeps what somebody else put there', async () => {
    const story = await Rotating.ready();
    story.say('rotate', '1');
    await story.reach('Retiring');
    const added = newPublicKey();
    story.editSecret({ mine: 'x', pub: `${story.entries['pub']}${added}` });
    await story.reach(undefined);
    expect(story.entries['mine']).toBe('x');
    expect(story.verifiesWith).toContain(publicKeys(added).keys[0]?.kid);
  });

  test('tells API servers of the next key again if somebody took it out', async () => {
    const story = await Rotating.ready();
    story.say('rotate', '1');
    await story.reach('AwaitingPromotion');
    const { verifiesWith: both } = story;
    story.editSecret({ pub: story.entries['previous.pub'] ?? '' });
    await story.untilReady();
    expect(story.verifiesWith).toEqual(both);
  });

  test('that lost the next private key holds the promotion, and the condition says what to do', async () => {
    const story = await Rotating.ready();
    const { signsWith: old } = story;
    story.say('rotate', '1');
    await story.reach('AwaitingPromotion');
    story.editSecret({ 'next.key': null });
    await story.help();
    await story.reconcile();
    expect(story.condition('SigningKeysReady')).toMatchObject({ status: 'False', reason: 'SecretNotFound' });
    expect(story.condition('SigningKeysReady')?.message).toContain('next.pub and previous.pub');
    expect([story.signsWith, story.published.length]).toEqual([old, 2]);
    story.editSecret({ 'next.pub': null, 'previous.pub': null, pub: story.entries['previous.pub'] ?? '' });
    await story.untilReady();
    expect(story.stage).toBeUndefined();
  });

  test('that the operator may not change is named, with what to apply', async () => {
    const story = await Rotating.ready();
    story.say('rotate', '1');
    story.kube.failNext('patch', new KubeError('patching Secret', 403, 'Forbidden'));
    await story.reconcile();
    expect(story.condition('SigningKeysReady')).toMatchObject({
      status: 'False',
      reason: 'SecretForbidden',
      message: expect.stringContaining('config/components/secrets'),
    });
  });

  test('has its parts under names that stay', async () => {
    const story = await Rotating.ready();
    story.say('rotate', '1');
    await story.reach('AwaitingPromotion');
    expect(Object.keys(story.entries).toSorted()).toEqual(['key', 'next.key', 'next.pub', 'previous.pub', 'pub']);
    expect(story.kube.get(secrets, secretRef)?.metadata.annotations).toEqual({
      'irsa.giantswarm.io/generated-for': 'abcl0',
      'irsa.giantswarm.io/generated-for-uid': story.object?.metadata.uid,
      'irsa.giantswarm.io/rotate': '1',
    });
    await story.reach(undefined);
    expect(story.kube.get(secrets, secretRef)?.metadata.annotations).toEqual({
      'irsa.giantswarm.io/generated-for': 'abcl0',
      'irsa.giantswarm.io/generated-for-uid': story.object?.metadata.uid,
      'irsa.giantswarm.io/rotate': '1',
      'irsa.giantswarm.io/signing-key': story.signsWith,
    });
  });
});

/** Kills the operator after that write, starts another one, and says what is wrong in the end. Undefined: there was no such write. */
async function survive(last: number, by: 'help' | 'show'): Promise<string[] | undefined> {
  const story = by === 'help' ? new Rotating() : new Rotating({ cluster });
  story.seedSecret('abcl0-kubeconfig', { value: story.kubeconfig });
  await story.untilReady();
  const { signsWith: old } = story;
  story.say('rotate', '1');
  const kill = new Kill(last);
  story.aws.gate = kill.gate;
  story.kube.gate = kill.gate;
  const rotateOnce = async () => {
    await story.reach('AwaitingPromotion', by);
    await story.reach(undefined, by);
  };
  await rotateOnce().catch(() => undefined);
  if (kill.where === undefined) return undefined;
  story.aws.gate = (_, call) => call();
  story.kube.gate = (_, call) => call();
  story.restart();
  const begun = story.entries['next.pub'];
  await story.untilReady();
  if (story.signsWith === old) await rotateOnce();
  else await story.reach(undefined, by);
  const problems: string[] = [];
  if (story.signsWith === old) problems.push('it did not rotate');
  if (begun !== undefined && publicKeys(begun).keys[0]?.kid !== story.signsWith) problems.push('it made another key');
  if (story.published.join() !== story.signsWith) problems.push(`published: ${story.published.join()}`);
  if (Object.keys(story.entries).join() !== 'key,pub') problems.push(Object.keys(story.entries).join());
  return problems.map((problem) => `killed after ${kill.where}: ${problem}`);
}

test.each([
  ['by what people say', 'help'],
  ['by what the cluster shows', 'show'],
] as const)(
  'an operator that rotates %s comes to the same end wherever it is killed',
  async (_, by) => {
    const problems: string[] = [];
    let kills = 0;
    for (; ; kills++) {
      const found = await survive(kills, by);
      if (!found) break;
      problems.push(...found);
    }
    expect(problems).toEqual([]);
    expect(kills).toBeGreaterThan(8);
  },
  60_000,
);

test('changes no Secret that was not made for the issuer, until somebody says that it may', async () => {
  const story = await Rotating.ready();
  const theirs = { metadata: { annotations: { 'irsa.giantswarm.io/generated-for': null } } };
  story.kube.edit(secrets, secretRef, theirs);
  const before = story.entries;
  story.say('rotate', '1');
  await story.reconcile();
  expect(story.entries).toEqual(before);
  expect(story.condition('SigningKeysReady')?.message).toContain(
    'annotate it with irsa.giantswarm.io/generated-for=abcl0',
  );
  story.kube.edit(secrets, secretRef, { metadata: { annotations: { 'irsa.giantswarm.io/generated-for': 'abcl0' } } });
  await story.reach('AwaitingPromotion');
});
