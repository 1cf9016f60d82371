import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Dns, Zone, ZoneSearch } from '../../../src/aws/dns.ts';
import { FakeAws } from '../../fakes/aws/index.ts';
import type { FakeZone } from '../../fakes/aws/route53.ts';
import { failure } from './failure.ts';

const hour = 3_600_000;

let aws: FakeAws;
let now: number;
let dns: Dns;
beforeEach(async () => {
  now = 0;
  aws = new FakeAws({ now: () => now });
  dns = (await aws.connect()).dns;
  aws.forgetCalls();
});

/** Of the public ones. */
async function closestZone(name: string, options: ZoneSearch = {}): Promise<Zone | undefined> {
  return (await dns.findZones(name, options)).find(({ isPrivate }) => !isPrivate);
}

describe('zones', () => {
  test('those that hold the name are found on every page, the closest first, and it is told which are private', async () => {
    aws.pageSize = 1;
    for (const name of ['example.com', 'k8s.example.com', 'ample.com']) aws.account().addZone(name);
    aws.account().addZone('irsa.k8s.example.com', { isPrivate: true });

    const found = await dns.findZones('irsa.k8s.example.com');
    expect(found.map(({ name, isPrivate }) => [name, isPrivate])).toEqual([
      ['irsa.k8s.example.com.', true],
      ['k8s.example.com.', false],
      ['example.com.', false],
    ]);
    expect((await closestZone('example.com'))?.name).toBe('example.com.');
    expect((await closestZone('IRSA.example.com.'))?.name).toBe('example.com.');
    expect(await closestZone('irsa.example.org')).toBeUndefined();
  });

  test('are listed once an hour', async () => {
    aws.account().addZone('example.com');
    for (const passed of [0, 1000, hour - 1001]) {
      now += passed;
      await closestZone('irsa.example.com');
    }
    expect(aws.reads).toEqual(['ListHostedZones']);

    now += 1;
    await closestZone('irsa.example.com');
    expect(aws.reads).toHaveLength(2);
  });

  test('are listed again where somebody wants to know whether there is a closer one', async () => {
    aws.account().addZone('example.com');
    await closestZone('irsa.k8s.example.com');
    aws.account().addZone('k8s.example.com');
    expect((await closestZone('irsa.k8s.example.com'))?.name).toBe('example.com.');
    expect((await closestZone('irsa.k8s.example.com', { fresh: true }))?.name).toBe('k8s.example.com.');
    expect((await closestZone('irsa.k8s.example.com'))?.name).toBe('k8s.example.com.');
  });

  test('are listed again where none fits, for it may be new', async () => {
    expect(await closestZone('irsa.example.com')).toBeUndefined();
    aws.account().addZone('example.com');
    expect((await closestZone('irsa.example.com'))?.name).toBe('example.com.');
  });
});

describe('a delegation', () => {
  const ns = (name: string) => ({ name, type: 'NS', ttl: 60, values: ['ns1.example.net.'] });
  const find = async () =>
    dns.findDelegation((await closestZone('irsa.abcl0.k8s.example.com'))!, 'irsa.abcl0.k8s.example.com');

  test('is found at a name between that of the record and that of the zone', async () => {
    const zone = aws.account().addZone('example.com');
    zone.records.push(ns('example.com'), ns('bcl0.k8s.example.com'), ns('k8s.example.com'));
    expect(await find()).toBe('k8s.example.com');
    expect(aws.reads).toEqual(['ListHostedZones', 'ListResourceRecordSets', 'ListResourceRecordSets']);
  });

  test.each([
    ['the zone itself', ns('example.com')],
    ['a name beside', ns('other.k8s.example.com')],
    ['a name below', ns('a.abcl0.k8s.example.com')],
  ])('is not that of %s', async (_, record) => {
    aws.account().addZone('example.com').records.push(record);
    expect(await find()).toBeUndefined();
  });
});

describe('records', () => {
  let zone: Zone;
  let held: FakeZone;
  beforeEach(async () => {
    held = aws.account().addZone('example.com');
    zone = (await closestZone('example.com'))!;
    aws.forgetCalls();
  });
  const records = async () => (await dns.findRecords(zone, 'irsa.example.com')) ?? [];

  test('of a name and below it are found in one read, and no neighbours', async () => {
    held.records = [
      'irsa.example.com',
      '_x.irsa.example.com',
      'irsa-2.example.com',
      'xirsa.example.com',
      'example.com',
    ].map((name) => ({ name, type: 'CNAME', values: ['v.'], ttl: 60 }));
    const found = await records();

    expect(found.map(({ name }) => name).sort()).toEqual(['_x.irsa.example.com', 'irsa.example.com']);
    expect(found[0]).toMatchObject({ type: 'CNAME', values: ['v.'], original: { TTL: 60 }, alias: undefined });
    expect(aws.reads).toEqual(['ListResourceRecordSets']);
  });

  test('are found across pages, past neighbours that sort between them', async () => {
    aws.pageSize = 1;
    held.records = ['irsa.example.com', 'irsa-2.example.com', '_x.irsa.example.com', 'zzz.example.com'].map((name) => ({
      name,
      type: 'CNAME',
      values: ['v.'],
      ttl: 60,
    }));
    const found = await records();
    expect(found.map(({ name }) => name).sort()).toEqual(['_x.irsa.example.com', 'irsa.example.com']);
  });

  test('point to a distribution by an alias to the zone of CloudFront', async () => {
    await dns.change(zone, [
      { action: 'createAlias', name: 'irsa.example.com', type: 'A', distributionDomain: 'd1.cloudfront.net' },
      { action: 'createAlias', name: 'irsa.example.com', type: 'AAAA', distributionDomain: 'd1.cloudfront.net' },
    ]);

    expect(aws.writes).toEqual(['ChangeResourceRecordSets']);
    expect(await records()).toMatchObject(
      ['A', 'AAAA'].map((type) => ({
        name: 'irsa.example.com',
        type,
        alias: { dnsName: 'd1.cloudfront.net', hostedZoneID: 'Z2FDTNDATAQYW2' },
        values: [],
      })),
    );
  });

  test('change from CNAME to alias in one batch', async () => {
    held.records = [{ name: 'irsa.example.com', type: 'CNAME', values: ['d1.cloudfront.net.'], ttl: 600 }];
    const [old] = await records();
    await dns.change(zone, [
      { action: 'delete', record: old! },
      { action: 'createAlias', name: 'irsa.example.com', type: 'A', distributionDomain: 'd1.cloudfront.net' },
    ]);

    expect(held.records.map(({ type }) => type)).toEqual(['A']);
  });

  test('that somebody gave a weight are deleted with it, and their twins stay', async () => {
    const weighted = (setIdentifier: string, values: string[]) => ({
      name: 'irsa.example.com',
      type: 'CNAME',
      values,
      ttl: 60,
      weighted: { setIdentifier, weight: 7 },
    });
    held.records = [weighted('ours', ['d1.cloudfront.net']), weighted('theirs', ['d2.cloudfront.net'])];
    const [ours] = await records();
    await dns.change(zone, [{ action: 'delete', record: ours! }]);
    expect(held.records).toEqual([weighted('theirs', ['d2.cloudfront.net'])]);
  });

  test('are deleted exactly as they were read, both plain and alias', async () => {
    await dns.change(zone, [
      {
        action: 'upsert',
        record: { name: '_x.irsa.example.com', type: 'CNAME', value: '_y.acm-validations.aws.' },
        ttl: 300,
      },
      { action: 'createAlias', name: 'irsa.example.com', type: 'A', distributionDomain: 'd1.cloudfront.net' },
    ]);
    const found = await records();
    expect(found).toHaveLength(2);
    await dns.change(
      zone,
      found.map((record) => ({ action: 'delete', record })),
    );

    expect(held.records).toEqual([]);
  });

  test('that changed since they were read are left alone, with the whole batch', async () => {
    held.records = [{ name: 'irsa.example.com', type: 'CNAME', values: ['a.'], ttl: 600 }];
    const [old] = await records();
    held.records = [{ name: 'irsa.example.com', type: 'CNAME', values: ['b.'], ttl: 600 }];

    const error = await failure(
      dns.change(zone, [
        { action: 'upsert', record: { name: 'new.example.com', type: 'CNAME', value: 'c.' }, ttl: 60 },
        { action: 'delete', record: old! },
      ]),
    );
    expect(error.message).toContain(
      'changing records in zone example.com. (set CNAME new.example.com, delete CNAME irsa.example.com): InvalidChangeBatch',
    );
    expect(held.records.map(({ values }) => values)).toEqual([['b.']]);
  });

  test('are known everywhere some time after the change', async () => {
    const change = await dns.change(zone, [
      { action: 'createAlias', name: 'irsa.example.com', type: 'A', distributionDomain: 'd1.cloudfront.net' },
    ]);
    expect(await dns.isInSync(change)).toBe(false);
    aws.sync();
    expect(await dns.isInSync(change)).toBe(true);
  });

  test('of a zone that is gone are none, and the zone made anew is found at once', async () => {
    aws.account().zones.clear();
    expect(await dns.findRecords(zone, 'irsa.example.com')).toBeUndefined();
    const { id } = aws.account().addZone('example.com');
    expect((await closestZone('irsa.example.com'))?.id).toBe(id);
  });

  test('cannot be changed in a zone that is gone, which is forgotten then too', async () => {
    aws.account().zones.clear();
    const { id } = aws.account().addZone('example.com');
    const record = { name: 'irsa.example.com', type: 'CNAME', value: 'v.' } as const;
    const error = await failure(dns.change(zone, [{ action: 'upsert', record, ttl: 60 }]));
    expect(error.message).toContain('NoSuchHostedZone');
    expect((await closestZone('irsa.example.com'))?.id).toBe(id);
  });

  test('of a change that Route 53 has forgotten count as known', async () => {
    expect(await dns.isInSync('C0')).toBe(true);
  });
});
