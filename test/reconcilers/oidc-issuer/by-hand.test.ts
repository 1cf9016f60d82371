import { describe, expect, test } from '@jest/globals';
import { hours, minutes, seconds } from '../../../src/runtime/duration.ts';
import { Migration, renamed, renamedURL } from './migrating.ts';
import { alias, Story } from './story.ts';

const manual = { hosting: { cloudFront: { alias, dns: { manual: {} } } } };

/** An issuer without any hosted zone on AWS. */
function begun(): Story {
  const story = new Story(manual);
  story.account.zones.clear();
  return story;
}

/** Until the record is asked for that proves the domain. */
async function requested(): Promise<Story> {
  const story = begun();
  await story.until(() => story.condition('CertificateReady')?.reason === 'DNSRecordMissing');
  return story;
}

async function untilReadyByHand(story: Story): Promise<void> {
  await story.until(() => {
    story.makeRecords();
    return story.condition('Ready')?.status === 'True';
  });
}

async function readyByHand(): Promise<Story> {
  const story = begun();
  await untilReadyByHand(story);
  story.forget();
  return story;
}

/** Until the record of the alias is asked for. */
async function validated(): Promise<Story> {
  const story = await requested();
  story.makeRecords();
  await story.until(() => story.condition('DNSReady')?.reason === 'DNSRecordMissing');
  return story;
}

const route53Calls = (story: Story) =>
  story.aws.calls.map(({ operation }) => operation).filter((each) => /HostedZone|ResourceRecordSets|Change/.test(each));

describe('records made by hand', () => {
  test('are asked for one after the other, by condition and status, until the issuer is ready', async () => {
    const story = await requested();
    const [validation] = story.status.dnsRecords ?? [];
    expect(validation).toMatchObject({ type: 'CNAME', present: false });
    expect(validation?.name).toMatch(new RegExp(`^_[0-9a-f]+\\.${alias}$`));
    expect(validation?.value).toMatch(/^_[0-9a-f]+\.acm-validations\.aws$/);
    const asked = story.condition('CertificateReady');
    expect(asked).toMatchObject({ status: 'False', reason: 'DNSRecordMissing' });
    expect(asked?.message).toContain(`CNAME ${validation?.name} with the value ${validation?.value}`);
    expect(story.condition('Ready')?.message).toContain(validation?.name);

    story.makeRecords();
    await story.until(() => story.condition('DNSReady')?.reason === 'DNSRecordMissing');
    const domain = story.distribution.domainName;
    expect(story.status.dnsRecords).toEqual([
      { ...validation, present: true },
      { name: alias, type: 'CNAME', value: domain, present: false },
    ]);
    expect(story.condition('DNSReady')?.message).toContain(`CNAME ${alias} with the value ${domain}`);
    expect(story.account.providers.size).toBe(0);

    await untilReadyByHand(story);
    expect(story.status.dnsRecords?.map(({ present }) => present)).toEqual([true, true]);
    expect(route53Calls(story)).toEqual([]);
  });

  test('are left as they are by a second pass', async () => {
    const story = await readyByHand();
    await story.reconcile();
    expect(story.aws.writes).toEqual([]);
    expect(story.kube.writes).toEqual([]);
  });

  test('are missed when somebody takes the alias away, and nothing is withdrawn', async () => {
    const story = await readyByHand();
    story.aws.recordsElsewhere.splice(0);
    await story.reconcile();
    expect(story.condition('DNSReady')).toMatchObject({ status: 'False', reason: 'DNSRecordMissing' });
    expect(story.condition('CertificateReady')).toMatchObject({ status: 'True' });
    expect(story.condition('CertificateReady')?.message).toContain('ACM will not renew the certificate');
    expect(story.account.providers.size).toBe(1);
    await untilReadyByHand(story);
  });

  test('are waited for without a call to AWS, and ever more seldom', async () => {
    const story = await validated();
    await story.reconcile();
    story.forget();
    const waits: number[] = [];
    for (let pass = 0; pass < 8; pass++) {
      const { requeueAfter = 0 } = await story.comeBack();
      waits.push(requeueAfter);
      await story.clock.advance(requeueAfter);
    }
    expect(story.aws.calls).toEqual([]);
    expect(waits.at(-1)).toBeGreaterThan(3 * waits[0]!);
    expect(waits[0]).toBeGreaterThanOrEqual(seconds(10));
    story.makeRecords();
    await story.comeBack();
    expect(story.condition('DNSReady')).toMatchObject({ status: 'True' });
  });

  test('that lead elsewhere are told with what DNS shows', async () => {
    const story = await validated();
    story.aws.recordsElsewhere.push({ name: alias, type: 'CNAME', values: ['ingress.example.com.'] });
    await story.reconcile();
    expect(story.condition('DNSReady')).toMatchObject({ status: 'False', reason: 'DNSRecordMissing' });
    expect(story.condition('DNSReady')?.message).toContain('DNS shows ingress.example.com now');
  });

  test('may be addresses, if they are those of the distribution: at an apex there is no CNAME', async () => {
    const story = await validated();
    const address = { name: alias, type: 'A', values: ['192.0.2.1'] };
    story.aws.recordsElsewhere.push(address);
    await story.reconcile();
    expect(story.condition('DNSReady')?.message).toContain('DNS shows 192.0.2.1 now');
    address.values.splice(0, 1, `address of ${story.distribution.domainName}`);
    await story.reconcile();
    expect(story.condition('DNSReady')).toMatchObject({ status: 'True' });
  });

  test('keep their word while no name server answers', async () => {
    const story = await readyByHand();
    story.publicNames.isSilent = true;
    await story.reconcile();
    expect(story.condition('Ready')).toMatchObject({ status: 'True' });
    expect(story.kube.writes).toEqual([]);
  });

  test('are not taken to be there because no name server answers', async () => {
    const story = await validated();
    story.makeRecords();
    story.publicNames.isSilent = true;
    await story.reconcile();
    expect(story.condition('DNSReady')).toMatchObject({ status: 'False', reason: 'DNSRecordMissing' });
    expect(story.condition('DNSReady')?.message).toContain('No name server answers');
  });

  test('hold nothing up if no name server answers an operator that has no way out', async () => {
    const story = begun();
    story.settings.issuerCheck = { mode: 'Skip' };
    story.publicNames.isSilent = true;
    await untilReadyByHand(story);
    expect(story.condition('DNSReady')?.message).toContain('no name server answers and issuerCheck.mode is Skip');
    expect(story.status.dnsRecords?.map(({ present }) => present)).toEqual([false, false]);
  });

  test('are named when the issuer is deleted, and nothing on AWS is left', async () => {
    const story = await readyByHand();
    const [validation] = story.status.dnsRecords ?? [];
    story.delete();
    await story.untilGone();
    expect(story.leftovers).toEqual([]);
    const released = story.said.filter(({ reason }) => reason === 'RecordsReleased').map(({ message }) => message);
    expect(new Set(released).size).toBe(1);
    expect(released[0]).toContain(`CNAME ${validation?.name} and CNAME ${alias}`);
    expect(route53Calls(story)).toEqual([]);
  });

  test('are named without a status too', async () => {
    const story = await readyByHand();
    story.loseStatus();
    story.delete();
    await story.untilGone();
    expect(story.leftovers).toEqual([]);
    expect(story.said).toContainEqual(
      expect.objectContaining({ reason: 'RecordsReleased', message: expect.stringContaining(alias) }),
    );
  });
});

test('the status forgets the records of a former alias once that is retired', async () => {
  const story = await Migration.begun();
  await story.settle();
  expect(story.status.dnsRecords?.map(({ name }) => name)).toEqual(expect.arrayContaining([alias, renamed]));
  story.say(renamedURL);
  await story.settle();
  await story.clock.advance(hours(25));
  await story.settle();
  await story.clock.advance(minutes(1));
  await story.settle();
  expect(story.status.dnsRecords?.filter(({ name }) => !name.endsWith(renamed))).toEqual([]);
  expect(story.status.dnsRecords).toHaveLength(3);
});

describe('a change of who makes the records', () => {
  const byHand = { hosting: { cloudFront: { dns: { route53: null, manual: {} } } } };
  const byOperator = { hosting: { cloudFront: { dns: null } } };

  test('to a person leaves what answers, and the issuer ready', async () => {
    const story = new Story();
    await story.untilReady();
    const { records } = story.zone;
    story.edit(byHand);
    await story.reconcile();
    expect(story.condition('Ready')).toMatchObject({ status: 'True' });
    expect(story.zone.records).toEqual(records);
    expect(story.status.dnsRecords?.map(({ type, present }) => [type, present])).toEqual([
      ['CNAME', true],
      ['CNAME', true],
    ]);
    story.delete();
    await story.untilGone();
    expect(story.leftovers).toEqual([]);
  });

  test('to the operator makes the records in the zone', async () => {
    const story = new Story(manual);
    await untilReadyByHand(story);
    story.edit(byOperator);
    await story.untilReady();
    expect(story.zone.records.map(({ type }) => type).toSorted()).toEqual(['A', 'AAAA', 'CNAME']);
    expect(story.status.dnsRecords?.map(({ type, present }) => [type, present])).toEqual([
      ['CNAME', true],
      ['A', true],
      ['AAAA', true],
    ]);
    story.delete();
    await story.untilGone();
    expect(story.leftovers).toEqual([]);
  });
});
