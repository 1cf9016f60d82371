import { describe, expect, test } from '@jest/globals';
import { iamServiceAccounts, oidcIssuers } from '../../../src/api/resources.ts';
import type { OIDCIssuer } from '../../../src/api/kinds.ts';
import { hours, minutes } from '../../../src/runtime/duration.ts';
import { ServiceError } from '../../fakes/aws/service.ts';
import { Migration, renamed, renamedURL, role } from './migrating.ts';
import { alias, bucketName, globalBucket, issuerURL, newPublicKey, ref, someoneElse } from './story.ts';

describe('an issuer that gets another alias', () => {
  test('serves both URLs, each with documents that name it, and roles trust both', async () => {
    const story = await Migration.begun();
    await story.settle();
    expect(story.phases).toEqual([`${renamed} Current`, `${alias} Serving`]);
    expect(story.status).toMatchObject({ issuerURL: renamedURL, jwksURI: `${renamedURL}/keys.json` });
    expect(await story.accepts(issuerURL)).toBe(true);
    expect(await story.accepts(renamedURL)).toBe(true);
    expect(story.trusted).toEqual([renamed, alias]);
    expect([...story.account.buckets.keys()]).toEqual([bucketName]);
    expect([...story.bucket.objects.keys()].toSorted()).toEqual([
      '.well-known/openid-configuration',
      `${renamed}/.well-known/openid-configuration`,
      `${renamed}/keys.json`,
      'keys.json',
    ]);
  });

  test('never refuses a token of the former URL, whichever step comes next', async () => {
    const story = await Migration.begun();
    for (let pass = 0; pass < 12; pass++) {
      await story.reconcile();
      await story.reconcileRole();
      expect(await story.accepts(issuerURL)).toBe(true);
      story.aws.deploy();
      story.aws.sync();
      await story.clock.advance(minutes(1));
    }
    expect(story.condition('Ready')).toMatchObject({ status: 'True' });
  });

  test('tells what the cluster has to do, and writes nothing while it waits', async () => {
    const story = await Migration.begun();
    await story.settle();
    expect(story.condition('ProvidersReady')).toMatchObject({
      status: 'True',
      message: expect.stringMatching(
        new RegExp(`^${issuerURL} stays trusted.*--service-account-issuer=${renamedURL} first.*migrated=${renamedURL}`),
      ),
    });
    story.forget();
    await story.reconcile();
    await story.reconcileRole();
    expect(story.aws.writes).toEqual([]);
    expect(story.kube.writes).toEqual([]);
  });

  test('publishes a new key under both URLs', async () => {
    const story = await Migration.begun();
    await story.settle();
    story.seedSecret('abcl0-sa', { 'tls.crt': `${story.pem}${newPublicKey()}` });
    await story.reconcile();
    for (const key of ['keys.json', `${renamed}/keys.json`]) {
      expect(JSON.parse(story.bucket.objects.get(key)?.body ?? '')).toMatchObject({ keys: [{}, {}] });
    }
  });

  test('begins the new key set with the keys of the former one', async () => {
    const story = new Migration();
    await story.untilReady();
    story.seedSecret('abcl0-sa', { 'tls.crt': newPublicKey() });
    await story.reconcile();
    const before = story.bucket.objects.get('keys.json');
    story.askFor(renamed);
    await story.untilReady();
    expect(story.bucket.objects.get(`${renamed}/keys.json`)).toMatchObject({
      body: before?.body,
      metadata: before?.metadata,
    });
    expect(story.saidReasons).not.toContain('KeyLost');
  });

  test('repairs what stands behind the former URL', async () => {
    const story = await Migration.begun();
    await story.settle();
    story.zone.records = story.zone.records.filter(({ name }) => name !== alias);
    story.bucket.objects.delete('keys.json');
    await story.reconcile();
    expect(await story.accepts(issuerURL)).toBe(true);
  });

  test('says in a condition what is wrong with the former URL, and goes on with the new one', async () => {
    const story = await Migration.begun();
    story.aws.failNext('GetObject', new ServiceError('AccessDenied', 403));
    await story.settle();
    story.bucket.policy = undefined;
    story.documents.answers.set(`${issuerURL}/.well-known/openid-configuration`, { issuer: 'other' });
    await story.reconcile();
    const { status, message } = story.condition('Verified') ?? {};
    expect(status).toBe('False');
    expect(message).toMatch(new RegExp(`^${issuerURL}: `));
    expect(await story.accepts(renamedURL)).toBe(true);
  });
});

describe('the former site', () => {
  test.each<[string, (story: Migration) => void]>([
    ['the annotation names the new URL', (story) => story.say(renamedURL)],
    [
      'the cluster’s own discovery document does',
      (story) => {
        story.seedSecret('abcl0-kubeconfig', { value: story.kubeconfig });
        story.edit({ cluster: { kubeconfigSecretRef: { name: 'abcl0-kubeconfig', key: 'value' } } });
        story.workload.issuerURL = renamedURL;
      },
    ],
  ])('drains once %s, and goes with all that it had a day and an hour later', async (_, move) => {
    const story = await Migration.begun();
    await story.settle();
    move(story);
    await story.settle();
    expect(story.phases).toEqual([`${renamed} Current`, `${alias} Draining`]);
    expect(await story.accepts(issuerURL)).toBe(true);
    await story.clock.advance(hours(25));
    await story.reconcile();
    expect(story.phases).toEqual([`${renamed} Current`, `${alias} Retiring`]);
    await story.settle();
    expect(story.phases).toEqual([`${renamed} Current`]);
    expect(story.trusted).toEqual([renamed]);
    expect(await story.accepts(renamedURL)).toBe(true);
    expect(story.leftovers.filter((what) => what.includes(alias))).toEqual([]);
    expect(story.leftovers.toSorted()).toEqual(
      [
        `bucket ${bucketName}`,
        `distribution ${story.distribution.id}`,
        `origin access control ${bucketName}`,
        `certificate ${renamed}`,
        `provider arn:aws:iam::111122223333:oidc-provider/${renamed}`,
        ...story.zone.records.map(({ name, type }) => `record ${type} ${name}`),
      ].toSorted(),
    );
    expect([...story.bucket.objects.keys()].toSorted()).toEqual([
      `${renamed}/.well-known/openid-configuration`,
      `${renamed}/keys.json`,
    ]);
    expect(story.bucket.policy).toContain(story.distribution.arn);
  });

  test.each<[string, (story: Migration) => void]>([
    ['the annotation names another URL', (story) => story.say(issuerURL)],
    [
      'the cluster names its former URL',
      (story) => {
        story.seedSecret('abcl0-kubeconfig', { value: story.kubeconfig });
        story.edit({ cluster: { kubeconfigSecretRef: { name: 'abcl0-kubeconfig', key: 'value' } } });
        story.workload.issuerURL = issuerURL;
      },
    ],
    [
      'its cluster cannot be reached',
      (story) => {
        story.seedSecret('abcl0-kubeconfig', { value: 'no kubeconfig' });
        story.edit({ cluster: { kubeconfigSecretRef: { name: 'abcl0-kubeconfig', key: 'value' } } });
      },
    ],
  ])('serves on while %s', async (_, spoil) => {
    const story = await Migration.begun();
    await story.settle();
    spoil(story);
    await story.clock.advance(hours(50));
    await story.settle();
    expect(story.phases).toEqual([`${renamed} Current`, `${alias} Serving`]);
    expect(await story.accepts(issuerURL)).toBe(true);
  });

  test('serves again when the cluster turns back to it, although the annotation says otherwise', async () => {
    const story = await Migration.begun();
    story.seedSecret('abcl0-kubeconfig', { value: story.kubeconfig });
    story.edit({ cluster: { kubeconfigSecretRef: { name: 'abcl0-kubeconfig', key: 'value' } } });
    story.workload.issuerURL = renamedURL;
    await story.settle();
    expect(story.phases).toContain(`${alias} Draining`);
    story.workload.issuerURL = issuerURL;
    story.say(renamedURL);
    await story.clock.advance(hours(26));
    await story.settle();
    expect(story.phases).toContain(`${alias} Serving`);
    expect(await story.accepts(issuerURL)).toBe(true);
  });

  test('serves on where the status misses its provider', async () => {
    const story = new Migration();
    await story.untilReady();
    const { providers: _, ...status } = story.status;
    story.kube.seed(oidcIssuers, { ...story.object!, metadata: ref, status });
    story.askFor(renamed);
    await story.settle();
    expect(story.phases).toEqual([`${renamed} Current`, `${alias} Serving`]);
    expect([...story.account.providers.values()].map(({ url }) => url).toSorted()).toEqual([issuerURL, renamedURL]);
  });

  test('is held by a role that the operator did not make, which the status names', async () => {
    const story = await Migration.begun();
    const foreign = 'arn:aws:iam::111122223333:role/by-hand';
    await story.settle();
    const [made] = [...story.account.roles.values()];
    const Federated = `arn:aws:iam::111122223333:oidc-provider/${alias}`;
    const trustPolicy = JSON.stringify({ Statement: { Effect: 'Allow', Principal: { Federated }, Action: 'x' } });
    story.account.roles.set('by-hand', { ...made!, name: 'by-hand', arn: foreign, trustPolicy });
    story.say(renamedURL);
    await story.settle();
    await story.clock.advance(hours(25));
    await story.settle();
    expect(story.phases).toEqual([`${renamed} Current`, `${alias} Retiring`]);
    expect(story.status.sites?.[1]?.trustedBy).toEqual([foreign]);
    expect(story.condition('Ready')).toMatchObject({ status: 'True' });
    expect(story.said).toContainEqual(
      expect.objectContaining({ reason: 'RemovalWaits', message: expect.stringContaining(foreign) }),
    );
    expect([...story.account.providers.values()].map(({ url }) => url)).toContain(issuerURL);
    story.account.roles.delete('by-hand');
    await story.settle();
    expect(story.phases).toEqual([`${renamed} Current`]);
  });

  test('is held by an IAMServiceAccount whose role still trusts it', async () => {
    const story = await Migration.begun();
    await story.settle();
    story.kube.edit(iamServiceAccounts, role, { spec: { suspend: true } });
    story.say(renamedURL);
    await story.settle();
    await story.clock.advance(hours(25));
    await story.settle();
    expect(story.phases).toContain(`${alias} Retiring`);
    expect(story.said).toContainEqual(
      expect.objectContaining({ reason: 'RemovalWaits', message: expect.stringContaining('reader') }),
    );
    story.kube.edit(iamServiceAccounts, role, { spec: { suspend: false } });
    await story.settle();
    expect(story.phases).toEqual([`${renamed} Current`]);
  });

  test('says in a condition what fails while it is removed', async () => {
    const story = await Migration.begun();
    await story.settle();
    story.say(renamedURL);
    await story.settle();
    await story.clock.advance(hours(25));
    await story.reconcile();
    await story.reconcileRole();
    story.aws.failNext('ListRoles', new ServiceError('AccessDenied', 403));
    expect(await story.reconcile()).toEqual({ failed: true });
    expect(story.condition('ProvidersReady')).toMatchObject({
      status: 'False',
      reason: 'AccessDenied',
      message: expect.stringMatching(new RegExp(`^${issuerURL}: .*iam:ListRoles`)),
    });
  });

  test('goes at once where IAM never trusted it', async () => {
    const story = new Migration({ hosting: { cloudFront: { alias: 'irsa.typo.example.com' } } });
    await story.reconcile();
    story.askFor(alias);
    await story.settle();
    expect(story.phases).toEqual([`${alias} Current`]);
    expect(story.leftovers.filter((what) => what.includes('typo'))).toEqual([]);
  });

  test('keeps its own bucket while it serves, and loses it when it is retired', async () => {
    const story = new Migration({ bucket: { name: 'old-bucket', globalName: 'Delete' } });
    await story.untilReady();
    story.edit({ hosting: { cloudFront: { alias: renamed } }, bucket: { name: globalBucket, globalName: 'Delete' } });
    await story.untilReady();
    expect([...story.account.buckets.keys()].toSorted()).toEqual([globalBucket, 'old-bucket'].toSorted());
    expect(story.status.sites?.map(({ bucket }) => bucket)).toEqual([
      { name: globalBucket, owned: true },
      { name: 'old-bucket', owned: true },
    ]);
    story.say(renamedURL);
    await story.untilReady();
    await story.clock.advance(hours(25));
    for (let pass = 0; pass < 4; pass++) await story.untilReady();
    expect([...story.account.buckets.keys()]).toEqual([globalBucket]);
  });
});

test('an issuer that goes back in the middle keeps what it had and gives up what it began', async () => {
  const story = await Migration.begun();
  await story.settle();
  story.askFor(alias);
  await story.settle();
  expect(story.phases).toEqual([`${alias} Current`, `${renamed} Serving`]);
  expect(await story.accepts(issuerURL)).toBe(true);
  story.say(issuerURL);
  await story.settle();
  await story.clock.advance(hours(25));
  await story.settle();
  expect(story.phases).toEqual([`${alias} Current`]);
  expect(story.trusted).toEqual([alias]);
  expect(story.leftovers.filter((what) => what.includes(renamed))).toEqual([]);
});

describe('what the status lacks is found again, and no token is refused meanwhile:', () => {
  async function both(spec: Parameters<typeof Migration.begun>[0] = {}): Promise<Migration> {
    const story = await Migration.begun(spec);
    await story.settle();
    return story;
  }
  const patchStatus = (story: Migration, status: Record<string, unknown>) =>
    story.kube.patch(oidcIssuers, ref, { status }, { subresource: 'status' });

  test.each<[string, (story: Migration) => Record<string, unknown>]>([
    ['all sites', () => ({ sites: null })],
    ['the former site', (story) => ({ sites: story.status.sites?.slice(0, 1) })],
    ['the current site', (story) => ({ sites: story.status.sites?.slice(1) })],
    ['the providers', () => ({ providers: null })],
  ])('%s', async (_, lost) => {
    const story = await both();
    await patchStatus(story, lost(story));
    await story.reconcileRole();
    for (let pass = 0; pass < 5; pass++) {
      await story.reconcile();
      await story.reconcileRole();
      expect(await story.accepts(issuerURL)).toBe(true);
      expect(await story.accepts(renamedURL)).toBe(true);
    }
    expect(story.phases).toEqual([`${renamed} Current`, `${alias} Serving`]);
  });

  test.each<[string, (story: Migration) => Record<string, unknown>]>([
    ['all sites', () => ({ sites: null })],
    ['the former site', (story) => ({ sites: story.status.sites?.slice(0, 1) })],
  ])('%s, where somebody changed the comments of the distributions', async (_, lost) => {
    const story = await both();
    for (const { config } of story.account.distributions.values()) config.Comment = 'mine';
    await patchStatus(story, lost(story));
    await story.settle();
    expect(story.phases).toEqual([`${renamed} Current`, `${alias} Serving`]);
    expect([...story.account.distributions.values()].map(({ config }) => config.Comment)).toEqual(['mine', 'mine']);
    expect(await story.accepts(issuerURL)).toBe(true);
  });

  test('nothing of somebody else’s distribution that reads from the same bucket', async () => {
    const story = await both();
    const [own] = [...story.account.distributions.values()];
    const config = { ...structuredClone(own!.config), Aliases: { Quantity: 0 }, CallerReference: 'theirs' };
    const theirs = { ...own!, id: 'ETHEIRS', arn: 'ETHEIRS', domainName: 'dtheirs.cloudfront.net', config, tags: {} };
    story.account.distributions.set('ETHEIRS', theirs);
    const before = structuredClone(theirs);
    story.loseStatus();
    await story.settle();
    expect(story.phases).toEqual([`${renamed} Current`, `${alias} Serving`]);
    expect(theirs).toEqual(before);
  });

  test('a former site with a bucket of its own, where all is lost', async () => {
    const story = await Migration.begun({ bucket: { name: 'old-bucket' } });
    story.edit({ hosting: { cloudFront: { alias: renamed } }, bucket: { name: globalBucket } });
    await story.settle();
    story.loseStatus();
    await story.settle();
    expect(story.phases).toEqual([`${renamed} Current`, `${alias} Serving`]);
    expect(await story.accepts(issuerURL)).toBe(true);
  });

  test('the bucket, where the spec asks for another one', async () => {
    const story = await both();
    story.loseStatus();
    story.edit({ bucket: { name: globalBucket } });
    for (let pass = 0; pass < 9; pass++) {
      await story.reconcile();
      await story.reconcileRole();
      expect(await story.accepts(renamedURL)).toBe(true);
      expect(await story.accepts(issuerURL)).toBe(true);
      story.aws.deploy();
    }
    expect(story.status.sites?.map(({ bucket }) => bucket?.name)).toEqual([globalBucket, bucketName]);
    expect([...story.account.buckets.keys()]).toEqual([bucketName, globalBucket]);
  });

  test('a move to another cluster, declared after the first pass', async () => {
    const story = await both();
    story.loseStatus();
    story.settings.home = 'new-home';
    story.restart();
    await story.reconcile();
    await story.reconcileRole();
    expect(story.condition('Accepted')).toMatchObject({ reason: 'OwnedByAnotherCluster' });
    expect(story.status.accountID).toBeUndefined();
    story.settings.takeOver = ['home-of-test'];
    story.restart();
    await story.settle();
    expect(story.phases).toEqual([`${renamed} Current`, `${alias} Serving`]);
    expect(await story.accepts(issuerURL)).toBe(true);
  });
});

test('a new site begins with no keys out of a bucket that was never ours', async () => {
  const neighbour = new Migration({ bucket: { name: 'their-bucket' } });
  await neighbour.untilReady();
  const theirs = { ...neighbour.bucket, tags: {}, objects: new Map(neighbour.bucket.objects) };
  const keys = { keys: [{ kty: 'RSA', kid: 'theirs', use: 'sig', alg: 'RS256', n: 'AQAB', e: 'AQAB' }] };
  theirs.objects.set('keys.json', { ...theirs.objects.get('keys.json')!, body: JSON.stringify(keys) });
  const story = new Migration({ bucket: { name: 'their-bucket' } });
  story.aws.buckets.set('their-bucket', theirs);
  await story.reconcile();
  await story.clock.advance(minutes(1));
  await story.reconcile();
  expect(story.condition('BucketReady')).toMatchObject({ status: 'False' });
  story.edit({ hosting: { cloudFront: { alias: renamed } }, bucket: { name: globalBucket } });
  await story.untilReady();
  const published = story.aws.buckets.get(globalBucket)?.objects.get('keys.json')?.body ?? '';
  expect((JSON.parse(published) as { keys: { kid: string }[] }).keys.map(({ kid }) => kid)).toEqual([story.kid]);
});

test('an issuer that is deleted right after another alias was asked for leaves nothing, whatever its status lacks', async () => {
  const story = await Migration.begun();
  await story.settle();
  story.kube.remove(iamServiceAccounts, role);
  await story.reconcileRole();
  const sites = story.status.sites?.slice(0, 1);
  await story.kube.patch(oidcIssuers, ref, { status: { sites } }, { subresource: 'status' });
  story.askFor('irsa.third.example.com');
  story.delete();
  await story.untilGone();
  expect(story.leftovers).toEqual([]);
});

test('a former site whose name is lost for a moment is registered again once the name is ours', async () => {
  const story = await Migration.begun();
  await story.settle();
  story.documents.answers.set(`${issuerURL}/keys.json`, { keys: [{ kty: 'RSA', kid: 'evil', n: 'AQAB', e: 'AQAB' }] });
  await story.reconcile();
  expect([...story.account.providers.values()].map(({ url }) => url)).toEqual([renamedURL]);
  await story.reconcileRole();
  story.documents.answers.clear();
  await story.settle();
  expect(story.phases).toEqual([`${renamed} Current`, `${alias} Serving`]);
  expect(await story.accepts(issuerURL)).toBe(true);
});

test('an annotation that is left of an earlier migration does not count again', async () => {
  const story = await Migration.begun();
  await story.settle();
  story.say(renamedURL);
  story.askFor(alias);
  await story.settle();
  story.askFor(renamed);
  await story.settle();
  expect(story.phases).toEqual([`${renamed} Current`, `${alias} Serving`]);
  expect(story.condition('ProvidersReady')?.message).toContain('take it away first');
  story.kube.edit(oidcIssuers, ref, { metadata: { annotations: { 'irsa.giantswarm.io/migrated': null } } });
  await story.settle();
  story.say(renamedURL);
  await story.settle();
  expect(story.phases).toEqual([`${renamed} Current`, `${alias} Draining`]);
});

test('a stranger’s provider under a mistyped alias does not hold the site', async () => {
  const typo = 'irsa.typo.example.com';
  const story = new Migration({ hosting: { cloudFront: { alias: typo } } });
  const arn = `arn:aws:iam::111122223333:oidc-provider/${typo}`;
  const theirs = {
    arn,
    url: `https://${typo}`,
    audiences: new Set<string>(),
    createdAt: new Date(0),
    tags: someoneElse,
  };
  story.account.providers.set(arn, theirs);
  await story.until(() => story.condition('ProvidersReady')?.reason === 'NotOwned');
  story.askFor(alias);
  await story.settle();
  expect(story.phases).toEqual([`${alias} Current`]);
  expect([...story.account.providers.keys()]).toContain(arn);
});

test('an issuer has five sites at most, and says which are not retired yet', async () => {
  const story = await Migration.begun();
  for (const number of [3, 4, 5, 6]) {
    await story.untilReady();
    story.askFor(`irsa.number-${number}.example.com`);
  }
  await story.reconcile();
  expect(story.status.sites).toHaveLength(5);
  expect(story.condition('Accepted')).toMatchObject({
    status: 'False',
    reason: 'SitesRemaining',
    message: expect.stringContaining(issuerURL),
  });
  story.askFor('irsa.number-5.example.com');
  await story.untilReady();
});

test('an issuer that is deleted in the middle leaves nothing', async () => {
  const story = await Migration.begun();
  await story.settle();
  story.kube.remove(iamServiceAccounts, role);
  await story.reconcileRole();
  story.delete();
  await story.untilGone();
  expect(story.leftovers).toEqual([]);
});

test('an issuer that is deleted in the middle gives up its former site first, and the current one last', async () => {
  const story = await Migration.begun();
  await story.settle();
  story.say(renamedURL);
  await story.settle();
  expect(story.phases).toEqual([`${renamed} Current`, `${alias} Draining`]);
  story.kube.remove(iamServiceAccounts, role);
  await story.reconcileRole();
  const { distributions, certificates } = story.account;
  const hosts = new Map([
    ...[...distributions.values()].map(({ id, config }) => [id, config.Aliases?.Items?.[0]] as const),
    ...[...certificates.values()].map(({ arn, domain }) => [arn, domain] as const),
  ]);
  story.forget();
  story.delete();
  await story.untilGone();
  expect(story.leftovers).toEqual([]);
  const removals = story.aws.calls.flatMap(({ operation, input }) => {
    const text = JSON.stringify(input);
    const named = [...hosts].find(([id, host]) => text.includes(`"${id}"`) || text.includes(`${host}`));
    return named && story.aws.writes.includes(operation) ? [`${operation} ${named[1]}`] : [];
  });
  const ofEach = [
    'DeleteOpenIDConnectProvider',
    'ChangeResourceRecordSets',
    'UpdateDistribution',
    'DeleteDistribution',
    'ChangeResourceRecordSets',
    'DeleteCertificate',
  ];
  // Their objects are in one bucket, and those of the first site do not carry its name.
  expect(removals.filter((removal) => !removal.startsWith('DeleteObject'))).toEqual(
    [alias, renamed].flatMap((host) => ofEach.map((operation) => `${operation} ${host}`)),
  );
});

test('an issuer that loses its status in the middle finds both sites again', async () => {
  const story = await Migration.begun();
  await story.settle();
  const before = story.leftovers;
  const { sites } = story.status;
  story.loseStatus();
  await story.settle();
  const places = (object: OIDCIssuer['status']) =>
    object?.sites?.map(({ url, phase, bucket, distribution }) => ({ url, phase, bucket, distribution }));
  expect(places(story.status)).toEqual(places({ sites: sites ?? [] }));
  expect(story.leftovers).toEqual(before);
  expect(story.trusted).toEqual([renamed, alias]);
});

test('an issuer that is deleted in the middle without its status leaves nothing', async () => {
  const story = await Migration.begun();
  await story.settle();
  story.kube.remove(iamServiceAccounts, role);
  await story.reconcileRole();
  story.loseStatus();
  story.delete();
  await story.untilGone();
  expect(story.leftovers).toEqual([]);
});
