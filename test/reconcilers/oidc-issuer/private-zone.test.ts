import { expect, test } from '@jest/globals';
import type { FakeZone } from '../../fakes/aws/route53.ts';
import { ServiceError } from '../../fakes/aws/service.ts';
import { alias, Story } from './story.ts';

interface Split {
  readonly story: Story;
  readonly inside: FakeZone;
}

/** The account has a private zone of the same name. */
function splitHorizon(): Split {
  const story = new Story();
  return { story, inside: story.account.addZone('example.com', { isPrivate: true }) };
}

async function readySplit(): Promise<Split> {
  const split = splitHorizon();
  await split.story.untilReady();
  split.story.forget();
  return split;
}

const cname = ({ distribution }: Story) => ({
  name: alias,
  type: 'CNAME',
  ttl: 301,
  values: [distribution.domainName],
});
const refused = () => new ServiceError('AccessDenied', 403);

test('a private zone gets a CNAME of the alias, and the public one the rest', async () => {
  const { story, inside } = await readySplit();
  expect(inside.records).toEqual([cname(story)]);
  expect(story.zone.records.map(({ type }) => type).toSorted()).toEqual(['A', 'AAAA', 'CNAME']);
});

test('each private zone that holds the alias gets one, and no other', async () => {
  const { story, inside } = splitHorizon();
  const below = story.account.addZone('abcl0.example.com', { isPrivate: true });
  const other = story.account.addZone('example.org', { isPrivate: true });
  await story.untilReady();
  expect([inside, below, other].map(({ records }) => records.length)).toEqual([1, 1, 0]);
});

test('a second pass writes nothing, and reads each zone once', async () => {
  const { story } = await readySplit();
  await story.reconcile();
  expect(story.aws.writes).toEqual([]);
  expect(story.aws.reads.filter((operation) => operation === 'ListResourceRecordSets')).toHaveLength(2);
  expect(story.aws.reads).not.toContain('ListHostedZones');
});

test('a CNAME that was taken away comes back', async () => {
  const { story, inside } = await readySplit();
  inside.records = [];
  await story.reconcile();
  expect(inside.records).toEqual([cname(story)]);
});

test('a record of somebody else stays in a private zone, and the issuer is ready all the same', async () => {
  const { story, inside } = splitHorizon();
  const theirs = { name: alias, type: 'A', ttl: 60, values: ['192.0.2.1'] };
  inside.records.push(theirs);
  await story.untilReady();
  expect(inside.records).toEqual([theirs]);
  expect(story.saidReasons).toContain('PrivateRecordForeign');
  story.delete();
  await story.untilGone();
  expect(inside.records).toEqual([theirs]);
  expect(story.saidReasons).toContain('LeftAlone');
});

test('the CNAME goes with the issuer', async () => {
  const { story } = await readySplit();
  story.delete();
  await story.untilGone();
  expect(story.leftovers).toEqual([]);
});

test('the CNAME to a distribution that is gone gives way to one of its successor', async () => {
  const { story, inside } = await readySplit();
  story.account.distributions.clear();
  await story.untilReady();
  expect(inside.records).toEqual([cname(story)]);
});

test('the private zones of the issuer’s account get one too if the public zone is in another account', async () => {
  const roleARN = 'arn:aws:iam::444455556666:role/dns';
  const { story, inside } = splitHorizon();
  story.account.zones.delete(story.zone.id);
  const [outside, notOurs] = [false, true].map((isPrivate) =>
    story.aws.account('444455556666').addZone('example.com', { isPrivate }),
  );
  story.edit({ hosting: { cloudFront: { alias, dns: { route53: { account: { roleARN } } } } } });
  await story.untilReady();
  expect([inside, outside, notOurs].map((zone) => zone?.records.length)).toEqual([1, 3, 0]);
  story.delete();
  await story.untilGone();
  expect(story.leftovers).toEqual([]);
});

test.each(['ListResourceRecordSets', 'ChangeResourceRecordSets'])(
  'a private zone that refuses %s is left out, which an event says',
  async (operation) => {
    const { story, inside } = splitHorizon();
    story.aws.failWhen(operation, ({ HostedZoneId }) => (HostedZoneId === inside.id ? refused() : undefined));
    await story.untilReady();
    expect(inside.records).toEqual([]);
    expect(story.saidReasons).toContain('PrivateZoneLeftOut');
    story.delete();
    await story.untilGone();
    expect(story.leftovers).toEqual([]);
  },
);

test('an issuer’s account that does not list its zones is no obstacle if the zone is in another account', async () => {
  const roleARN = 'arn:aws:iam::444455556666:role/dns';
  const story = new Story({ hosting: { cloudFront: { alias, dns: { route53: { account: { roleARN } } } } } });
  story.aws.account('444455556666').addZone('example.com');
  story.aws.failWhen('ListHostedZones', () =>
    story.aws.calls.at(-1)?.account === '111122223333' ? refused() : undefined,
  );
  await story.untilReady();
  expect(story.saidReasons).toContain('PrivateZoneLeftOut');
  story.delete();
  await story.untilGone();
  expect(story.leftovers).toEqual([]);
});
