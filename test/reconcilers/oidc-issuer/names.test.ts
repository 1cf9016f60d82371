import { describe, expect, test } from '@jest/globals';
import { oidcIssuers } from '../../../src/api/resources.ts';
import { alias, ref, Story } from './story.ts';

const other = { namespace: 'default', name: 'other' };
const elsewhere = { namespace: 'team-b', name: 'abcl0' };

interface Rival {
  readonly at?: typeof other;
  readonly made?: string;
  readonly spec?: object;
  readonly accepted?: boolean;
  readonly registered?: boolean;
  readonly refusedByAws?: boolean;
  readonly external?: boolean;
}

/** Another issuer, which is older unless said. Its status is what its own passes would have left. */
function seedRival(
  story: Story,
  {
    at = other,
    made = '2000-01-01T00:00:00Z',
    spec = {},
    accepted = true,
    registered = false,
    refusedByAws = false,
    external = false,
  }: Rival,
): void {
  const site = { url: `https://${alias}`, hosting: 'CloudFront', phase: 'Current', since: made, registered };
  const status = accepted ? 'True' : 'False';
  story.kube.seed(oidcIssuers, {
    metadata: { ...at, creationTimestamp: made, generation: 1 },
    spec: { clusterName: at.name, region: 'eu-central-1', hosting: { s3: {} }, ...spec },
    status: {
      observedGeneration: 1,
      conditions: [
        { type: 'Accepted', status, reason: 'x', message: '', lastTransitionTime: made },
        ...(refusedByAws
          ? [{ type: 'BucketReady', status: 'False', reason: 'NotOwned', message: '', lastTransitionTime: made }]
          : []),
      ],
      ...(external && { sites: [{ ...site, hosting: 'External', registered: true }] }),
      ...(registered && { sites: [{ ...site, bucket: { name: 'theirs', owned: true } }] }),
    },
  });
}

const younger = '2999-01-01T00:00:00Z';
const aliased = { hosting: { cloudFront: { alias } } };

describe('a name that an older issuer holds is refused', () => {
  test.each<[string, Rival, object, string]>([
    ['the alias', { spec: aliased }, {}, `spec.hosting.cloudFront.alias ${alias} is held by OIDCIssuer other`],
    [
      'the alias, without a word about another namespace',
      { at: elsewhere, spec: aliased },
      {},
      `spec.hosting.cloudFront.alias ${alias} is held by an OIDCIssuer of another namespace`,
    ],
    [
      'the bucket',
      { spec: { bucket: { name: 'shared' } } },
      { bucket: { name: 'shared' } },
      'spec.bucket.name shared is held by OIDCIssuer other',
    ],
    [
      'the name of the cluster',
      { spec: { clusterName: 'abcl0' } },
      {},
      'spec.clusterName abcl0 is held by OIDCIssuer other',
    ],
    [
      'the Secret of the generated key',
      { spec: { signingKeys: { generate: { secretName: 'key' } } } },
      { signingKeys: { generate: { secretName: 'key' } } },
      'spec.signingKeys.generate.secretName key is held by OIDCIssuer other',
    ],
    [
      'the alias of a former site of its own',
      { registered: true, accepted: false },
      {},
      `spec.hosting.cloudFront.alias ${alias} is held by OIDCIssuer other`,
    ],
  ])('%s', async (_, rival, spec, message) => {
    const story = new Story(spec);
    seedRival(story, rival);
    await story.reconcile();
    expect(story.condition('Accepted')).toMatchObject({ status: 'False', reason: 'NameHeld' });
    expect(story.condition('Accepted')?.message).toContain(message);
    expect(story.aws.calls).toEqual([]);
  });
});

describe('a name is free', () => {
  test.each<[string, Rival]>([
    ['that only a younger issuer holds', { made: younger, spec: aliased }],
    ['that a refused issuer asks for', { spec: aliased, accepted: false }],
    ['that an issuer asks for to which AWS refuses it', { spec: aliased, refusedByAws: true }],
    [
      'that an external issuer uses',
      { spec: { hosting: { external: { issuerURL: `https://${alias}` } } }, external: true },
    ],
    ['of a cluster in another namespace', { at: elsewhere, spec: { clusterName: 'abcl0' } }],
  ])('%s', async (_, rival) => {
    const story = new Story();
    seedRival(story, rival);
    await story.reconcile();
    expect(story.condition('Accepted')).toMatchObject({ status: 'True' });
  });
});

test('an issuer that is registered keeps its alias from an older one', async () => {
  const story = new Story();
  await story.untilReady();
  seedRival(story, { spec: aliased });
  await story.reconcile();
  expect(story.condition('Ready')).toMatchObject({ status: 'True' });
});

test('an issuer gets the name once the other one is gone', async () => {
  const story = new Story();
  seedRival(story, { spec: aliased });
  await story.reconcile();
  story.kube.remove(oidcIssuers, other);
  await story.untilReady();
  expect(story.object?.metadata.name).toBe(ref.name);
});
