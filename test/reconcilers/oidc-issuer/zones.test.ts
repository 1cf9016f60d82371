import { describe, expect, test } from '@jest/globals';
import { oidcIssuers } from '../../../src/api/resources.ts';
import { minutes } from '../../../src/runtime/duration.ts';
import type { FakeZone } from '../../fakes/aws/route53.ts';
import { ServiceError } from '../../fakes/aws/service.ts';
import { alias, ref, Story } from './story.ts';

const zoneAccount = '444455556666';
const roleARN = `arn:aws:iam::${zoneAccount}:role/dns`;
const inZoneAccount = { route53: { account: { roleARN } } };
const standing = [`record A ${alias}`, `record AAAA ${alias}`, 'validation record'];

const hostingWith = (dns: object) => ({ cloudFront: { alias, dns } });
/** What of the spec a merge patch changes. */
const without = { hosting: { cloudFront: { dns: null } } };
const byHand = { hosting: { cloudFront: { dns: { route53: null, manual: {} } } } };
const recordsOf = ({ records }: FakeZone) =>
  records.map(({ name, type }) => (name.startsWith('_') ? 'validation record' : `record ${type} ${name}`)).toSorted();

/** The issuer's account has no zone, and another one has. */
function elsewhere(dns: object = inZoneAccount): { readonly story: Story; readonly zone: FakeZone } {
  const story = new Story({ hosting: hostingWith(dns) });
  story.account.zones.clear();
  return { story, zone: story.aws.account(zoneAccount).addZone('example.com') };
}

async function readyElsewhere() {
  const made = elsewhere();
  await made.story.untilReady();
  made.story.forget();
  return made;
}

describe('a zone in another account', () => {
  test('has the validation record and the alias records, and nothing else is in that account', async () => {
    const { story, zone } = elsewhere();
    // The account lets the operator in for this namespace alone.
    story.aws.pinned.set(roleARN, 'test/default');
    await story.untilReady();
    expect(recordsOf(zone)).toEqual(standing);
    expect(story.account.certificates.size).toBe(1);
    const operations = story.aws.calls.filter(({ account }) => account === zoneAccount).map((call) => call.operation);
    expect([...new Set(operations)].toSorted()).toEqual([
      'ChangeResourceRecordSets',
      'GetChange',
      'ListHostedZones',
      'ListResourceRecordSets',
    ]);
  });

  test('is recorded before anything is written in it', async () => {
    const { story, zone } = elsewhere();
    let recorded: unknown;
    story.aws.gate = (operation, call) => {
      if (operation === 'ChangeResourceRecordSets') recorded ??= story.site?.dns;
      return call();
    };
    await story.untilReady();
    expect(recorded).toEqual({ keeper: 'Route53', places: [{ accountID: zoneAccount, roleARN }] });
    expect(zone.records).toHaveLength(3);
  });

  test('is recorded before anything is written in it also when it takes the place of another', async () => {
    const story = new Story();
    await story.untilReady();
    story.aws.account(zoneAccount).addZone('example.com');
    story.edit({ hosting: hostingWith(inZoneAccount) });
    let recorded: unknown;
    story.aws.gate = (_, call) => {
      recorded ??= story.site?.dns?.places;
      return call();
    };
    await story.untilReady();
    expect(recorded).toEqual([{ accountID: zoneAccount, roleARN }, { accountID: story.account.id }]);
  });

  test('is left as it is by a second pass', async () => {
    const { story } = await readyElsewhere();
    await story.reconcile();
    expect(story.aws.writes).toEqual([]);
    expect(story.kube.writes).toEqual([]);
  });

  test('gets back what somebody took away', async () => {
    const { story, zone } = await readyElsewhere();
    zone.records = [];
    await story.untilReady();
    expect(recordsOf(zone)).toEqual(standing);
  });

  test('is waited for, with the account that lacks it in the message', async () => {
    const { story } = elsewhere();
    story.aws.account(zoneAccount).zones.clear();
    await story.reconcile();
    expect(story.condition('CertificateReady')).toMatchObject({
      reason: 'HostedZoneNotFound',
      message: `no public hosted zone of account ${zoneAccount} holds ${alias}`,
    });
    expect(story.account.certificates.size).toBe(0);
  });

  test.each<readonly [string, (story: Story) => void]>([
    ['stands', () => {}],
    ['was taken out of the spec', (story) => story.edit(without)],
    ['was replaced by records made by hand', (story) => story.edit(byHand)],
  ])('is cleared when the issuer is deleted although its account %s', async (_, change) => {
    const { story, zone } = await readyElsewhere();
    change(story);
    await story.reconcile();
    story.delete();
    await story.untilGone();
    expect(story.leftovers).toEqual([]);
    expect(zone.records).toEqual([]);
  });

  test('is cleared after the status was lost', async () => {
    const { story } = await readyElsewhere();
    story.loseStatus();
    story.delete();
    await story.untilGone();
    expect(story.leftovers).toEqual([]);
  });

  test.each(['goes on', 'is deleted'])(
    'has no record of a former alias left if the status was lost in a migration and the issuer %s',
    async (then) => {
      const { story, zone } = await readyElsewhere();
      story.edit({ hosting: { cloudFront: { alias: 'irsa.renamed.example.com' } } });
      await story.untilReady();
      expect(zone.records).toHaveLength(6);
      story.loseStatus();
      if (then === 'goes on') await story.untilReady();
      story.delete();
      await story.untilGone();
      expect(story.leftovers).toEqual([]);
    },
  );

  test('is not entered because of a spec that no Guardrail allows, even after the status was lost', async () => {
    const { story } = await readyElsewhere();
    story.admission.issuer = () => ({ allowed: false, message: 'no' });
    await story.kube.patch(oidcIssuers, ref, { status: { sites: null } }, { subresource: 'status' });
    story.delete();
    story.forget();
    await story.untilGone();
    expect(story.aws.calls.filter(({ account }) => account === zoneAccount)).toEqual([]);
  });

  test('may be gone when the issuer is deleted', async () => {
    const { story } = await readyElsewhere();
    story.aws.account(zoneAccount).zones.clear();
    story.delete();
    await story.untilGone();
    expect(story.leftovers).toEqual([]);
    expect(story.saidReasons).not.toContain('ReconciliationFailed');
  });

  test('holds the deletion while its account does not let the operator in, and says why', async () => {
    const { story } = await readyElsewhere();
    story.restart();
    story.aws.pinned.set(roleARN, 'somebody else');
    story.delete();
    for (let pass = 0; pass < 6; pass++) await story.until(() => true);
    expect(story.condition('Ready')).toMatchObject({ status: 'False', message: expect.stringContaining(roleARN) });
    story.aws.pinned.clear();
    await story.untilGone();
    expect(story.leftovers).toEqual([]);
  });

  test('is left to nobody in between: records of the former zone stay while the issuer lives', async () => {
    const { story, zone } = await readyElsewhere();
    const next = story.account.addZone('example.com');
    story.edit(without);
    await story.untilReady();
    expect(recordsOf(next)).toEqual(standing);
    expect(recordsOf(zone)).toEqual(standing);
    expect(story.site?.dns?.places).toEqual([{ accountID: story.account.id }, { accountID: zoneAccount, roleARN }]);
    story.delete();
    await story.untilGone();
    expect(story.leftovers).toEqual([]);
  });
});

describe('a zone by id', () => {
  test('is the one of two of the same name', async () => {
    const story = new Story();
    const other = story.account.addZone('example.com');
    story.edit({ hosting: hostingWith({ route53: { hostedZoneID: other.id } }) });
    await story.untilReady();
    expect(recordsOf(other)).toEqual(standing);
    expect(story.zone.records).toEqual([]);
    story.delete();
    await story.untilGone();
    expect(story.leftovers).toEqual([]);
  });

  test('is found although the list of zones is older', async () => {
    const story = new Story();
    await story.untilReady();
    const other = story.account.addZone('example.com');
    story.edit({ hosting: hostingWith({ route53: { hostedZoneID: other.id } }) });
    await story.untilReady();
    expect(recordsOf(other)).toEqual(standing);
  });

  test.each<readonly [string, (story: Story) => string, string]>([
    ['is private', (story) => story.account.addZone('example.com', { isPrivate: true }).id, 'is private'],
    ['does not hold the alias', (story) => story.account.addZone('example.org').id, 'is no hosted zone of account'],
    ['is nowhere', () => 'Z0NOWHERE', 'is no hosted zone of account'],
  ])('that %s is refused, with the field that names it', async (_, make, why) => {
    const story = new Story();
    const hostedZoneID = make(story);
    story.edit({ hosting: hostingWith({ route53: { hostedZoneID } }) });
    await story.reconcile();
    const { reason, message } = story.condition('CertificateReady') ?? {};
    expect(reason).toBe('HostedZoneNotFound');
    expect(message).toContain(`spec.hosting.cloudFront.dns.route53.hostedZoneID: ${hostedZoneID} ${why}`);
    expect(story.aws.writes).not.toContain('RequestCertificate');
  });
});

describe('two public zones of one name', () => {
  test('are a condition that names both, until one is gone', async () => {
    const story = new Story();
    const other = story.account.addZone('example.com');
    await story.reconcile();
    const { reason, message } = story.condition('CertificateReady') ?? {};
    expect(reason).toBe('HostedZoneAmbiguous');
    expect(message).toContain(
      `2 public hosted zones example.com: ${[story.zone.id, other.id].toSorted().join(' and ')}`,
    );
    expect(story.aws.writes).not.toContain('RequestCertificate');
    story.account.zones.delete(other.id);
    await story.untilReady();
  });

  test('become Stalled, because only a person can choose', async () => {
    const story = new Story();
    story.account.addZone('example.com');
    await story.reconcile();
    await story.clock.advance(minutes(11));
    await story.reconcile();
    expect(story.condition('Stalled')).toMatchObject({ reason: 'HostedZoneAmbiguous' });
  });

  test('do not matter above a closer one', async () => {
    const story = new Story();
    story.account.addZone('example.com');
    const closer = story.account.addZone('abcl0.example.com');
    await story.untilReady();
    expect(recordsOf(closer)).toEqual(standing);
  });

  test('are both cleared of what the issuer made before there were two', async () => {
    const story = new Story();
    await story.untilReady();
    story.account.addZone('example.com');
    story.restart();
    story.delete();
    await story.untilGone();
    expect(story.leftovers).toEqual([]);
  });
});

describe('a child zone that is delegated elsewhere', () => {
  const ns = (name: string) => ({ name, type: 'NS', ttl: 300, values: ['ns1.example.net.'] });

  test.each(['abcl0.example.com', alias])('is a condition that names it: %s', async (name) => {
    const story = new Story();
    story.zone.records.push(ns(name));
    await story.reconcile();
    const { reason, message } = story.condition('CertificateReady') ?? {};
    expect(reason).toBe('AliasDelegated');
    expect(message).toContain(`give ${name} to other name servers`);
    expect(story.aws.writes).not.toContain('RequestCertificate');
    story.zone.records = [];
    await story.untilReady();
  });

  test('is not looked for once ACM has seen that the zone answers', async () => {
    const story = new Story();
    await story.untilReady();
    story.forget();
    await story.reconcile();
    expect(story.aws.reads.filter((operation) => operation === 'ListResourceRecordSets')).toHaveLength(1);
  });

  test.each(['example.com', 'other.example.com'])('is not seen in NS records of %s', async (name) => {
    const story = new Story();
    story.zone.records.push(ns(name));
    await story.untilReady();
  });
});

test('records in a parent zone, from before there was a closer one, go with the issuer', async () => {
  const story = new Story();
  await story.untilReady();
  const closer = story.account.addZone('abcl0.example.com');
  story.restart();
  await story.untilReady();
  expect(closer.records).toHaveLength(3);
  story.delete();
  await story.untilGone();
  expect(story.leftovers).toEqual([]);
});

test('a parent zone that never let the operator in does not hold the deletion', async () => {
  const story = new Story();
  const parent = story.account.addZone('com');
  await story.untilReady();
  story.delete();
  const { calls } = story.aws;
  story.aws.failWhen('ListResourceRecordSets', ({ HostedZoneId }) =>
    HostedZoneId === parent.id ? new ServiceError('AccessDenied', 403) : undefined,
  );
  await story.untilGone();
  expect(calls.some(({ input }) => input['HostedZoneId'] === parent.id)).toBe(true);
  expect(story.leftovers).toEqual([]);
});
