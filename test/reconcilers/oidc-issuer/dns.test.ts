import { expect, test } from '@jest/globals';
import { seconds } from '../../../src/runtime/duration.ts';
import { alias, Story } from './story.ts';

const address = (story: Story) => story.zone.records.filter(({ name }) => name === alias);
const cloudFrontZone = 'Z2FDTNDATAQYW2';

async function withoutRecords(): Promise<Story> {
  const story = new Story();
  await story.untilReady();
  story.zone.records = story.zone.records.filter(({ name }) => name !== alias);
  return story;
}

test('points the alias at the distribution, for IPv4 and IPv6', async () => {
  const story = new Story();
  await story.untilReady();
  const target = { dnsName: story.distribution.domainName, hostedZoneID: cloudFrontZone };
  expect(address(story).map(({ type, alias: to }) => [type, to])).toEqual([
    ['A', target],
    ['AAAA', target],
  ]);
});

test('waits until all of Route 53 knows, and asks only for its own change', async () => {
  const story = await withoutRecords();
  expect(await story.reconcile()).toEqual({ requeueAfter: seconds(10) });
  expect(story.condition('DNSReady')).toMatchObject({ status: 'False', reason: 'DNSChangePending' });
  await story.reconcile();
  expect(story.condition('DNSReady')).toMatchObject({ status: 'False', reason: 'DNSChangePending' });
  story.aws.sync();
  await story.reconcile();
  expect(story.condition('DNSReady')).toMatchObject({ status: 'True' });
  story.forget();
  await story.reconcile();
  expect(story.aws.reads).not.toContain('GetChange');
});

test('puts back the one of the two that somebody took away, in one change', async () => {
  const story = new Story();
  await story.untilReady();
  story.zone.records = story.zone.records.filter(({ type }) => type !== 'AAAA');
  story.forget();
  await story.untilReady();
  expect(address(story).map(({ type }) => type)).toEqual(['A', 'AAAA']);
  expect(story.aws.writes).toEqual(['ChangeResourceRecordSets']);
});

test('replaces an older operator’s CNAME to the distribution in one batch', async () => {
  const story = await withoutRecords();
  story.zone.records.push({ name: alias, type: 'CNAME', ttl: 600, values: [`${story.distribution.domainName}.`] });
  story.forget();
  await story.untilReady();
  expect(address(story).map(({ type }) => type)).toEqual(['A', 'AAAA']);
  expect(story.aws.writes).toEqual(['ChangeResourceRecordSets']);
});

test.each([
  ['an address', { type: 'A', ttl: 60, values: ['192.0.2.1'] }],
  ['a CNAME to somewhere else', { type: 'CNAME', ttl: 60, values: ['elsewhere.example.com'] }],
  [
    'an alias of another distribution',
    { type: 'A', alias: { dnsName: 'd999.cloudfront.net', hostedZoneID: cloudFrontZone } },
  ],
])('leaves %s alone under the alias’s name', async (_, record) => {
  const story = await withoutRecords();
  const theirs = { name: alias, ...record };
  story.zone.records.push(theirs);
  await story.reconcile();
  expect(story.condition('DNSReady')).toMatchObject({ status: 'False', reason: 'NotOwned' });
  story.delete();
  await story.untilGone();
  expect(story.zone.records).toEqual([theirs]);
  expect(story.saidReasons).toContain('LeftAlone');
});

test('has nothing against other records of the name', async () => {
  const story = new Story();
  const text = { name: alias, type: 'TXT', ttl: 60, values: ['"hello"'] };
  story.zone.records.push(text);
  await story.untilReady();
  story.delete();
  await story.untilGone();
  expect(story.zone.records).toEqual([text]);
});

test('takes away its records also where somebody gave them a weight', async () => {
  const story = new Story();
  await story.untilReady();
  const weighted = { setIdentifier: 'blue', weight: 10 };
  story.zone.records = story.zone.records.map((record) => (record.name === alias ? { ...record, weighted } : record));
  story.forget();
  await story.reconcile();
  expect(story.aws.writes).toEqual([]);
  story.delete();
  await story.untilGone();
  expect(story.zone.records).toEqual([]);
});

test('uses a closer zone that was made while the certificate waited in the parent zone', async () => {
  const story = new Story();
  await story.reconcile();
  expect(story.condition('CertificateReady')).toMatchObject({ status: 'False' });
  const child = story.aws.account().addZone('abcl0.example.com');
  await story.untilReady();
  expect(child.records.map(({ type }) => type).sort()).toEqual(['A', 'AAAA', 'CNAME']);
});

test('lists the zones once an hour at rest', async () => {
  const story = new Story();
  await story.untilReady();
  story.forget();
  for (let pass = 0; pass < 3; pass++) await story.reconcile();
  expect(story.aws.reads).not.toContain('ListHostedZones');
});

test.each([
  ['an address', { type: 'A', ttl: 60, values: ['192.0.2.1'] }],
  ['a CNAME to somewhere else', { type: 'CNAME', ttl: 60, values: ['elsewhere.example.com'] }],
])('creates the records unread when it only comes back, and leaves %s alone that is in the way', async (_, record) => {
  const story = new Story();
  await story.reconcile();
  const theirs = { name: alias, ...record };
  story.zone.records.push(theirs);
  for (let pass = 0; pass < 6; pass++) {
    await story.comeBack();
    story.aws.deploy();
  }
  expect(story.condition('DNSReady')).toMatchObject({ status: 'False', reason: 'NotOwned' });
  expect(address(story)).toEqual([theirs]);
  expect(story.account.providers.size).toBe(0);
});
