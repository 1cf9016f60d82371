import {
  ChangeResourceRecordSetsCommand,
  CreateHostedZoneCommand,
  DeleteHostedZoneCommand,
  ListHostedZonesCommand,
  ListResourceRecordSetsCommand,
} from '@aws-sdk/client-route-53';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { OIDCIssuerSpec } from '../../src/api/generated/oidc-issuer.ts';
import type { Clients } from '../backends/aws/clients.ts';
import { counts } from '../environment/holdings.ts';
import { Lab } from '../environment/lab.ts';
import type { Tenant } from '../environment/tenant.ts';
import { until } from '../environment/wait.ts';
import { Nameserver } from '../fakes/nameserver.ts';

jest.setTimeout(120_000);

/** An account in which the operator may do nothing but keep records. */
const zoneAccount = '200000000001';
/** Stands for a DNS provider that is not AWS: the operator has no way in. */
const providerAccount = '200000000002';

let lab: Lab;
let nameserver: Nameserver;
beforeAll(async () => {
  lab = await Lab.start();
  nameserver = await Nameserver.start(async (name) => {
    const [cname] = await lab.environment.front.state.dns.lookup(name, 'CNAME');
    return cname && { cname: cname.values[0]?.replace(/\.$/, '') ?? '' };
  });
  await lab.startOperator({ issuerCheck: { nameservers: [nameserver.address] } });
});
afterAll(async () => {
  nameserver?.stop();
  await lab?.stop();
});

const hostedBy = ({ alias }: Tenant, dns: NonNullable<OIDCIssuerSpec['hosting']['cloudFront']>['dns']) => ({
  hosting: { cloudFront: { alias, ...(dns && { dns }) } },
});

/** Somebody who has no zone. */
async function tenantWithoutZone(name: string): Promise<Tenant> {
  const tenant = await lab.tenant(name);
  const { HostedZones = [] } = await tenant.aws.route53.send(new ListHostedZonesCommand({}));
  for (const { Id } of HostedZones) await tenant.aws.route53.send(new DeleteHostedZoneCommand({ Id }));
  return tenant;
}

async function makeZone({ route53 }: Clients, name: string, inside?: { readonly vpc: string }): Promise<string> {
  const created = await route53.send(
    new CreateHostedZoneCommand({
      Name: name,
      CallerReference: `${name} ${Date.now()}`,
      ...(inside && {
        VPC: { VPCId: inside.vpc, VPCRegion: 'eu-central-1' },
        HostedZoneConfig: { PrivateZone: true },
      }),
    }),
  );
  return created.HostedZone?.Id?.replace('/hostedzone/', '') ?? '';
}

/** The types of the records that are not the zone's own, in order. */
async function recordTypes({ route53 }: Clients, HostedZoneId: string): Promise<string[]> {
  const { ResourceRecordSets = [] } = await route53.send(new ListResourceRecordSetsCommand({ HostedZoneId }));
  const types = ResourceRecordSets.map(({ Type = '' }) => Type);
  return types.filter((type) => type !== 'NS' && type !== 'SOA').toSorted();
}

const removed = async (tenant: Tenant) => {
  await tenant.kubectl(['delete', 'oidcissuer', tenant.name, '--wait=false']);
  await tenant.gone('oidcissuer');
  const left = (await tenant.holdings()).filter(({ kind }) => kind !== 'role');
  expect(left).toEqual([]);
};

const condition = (tenant: Tenant, type: string, reason: string) =>
  until(`${type} ${reason}`, async () => {
    const { conditions = [] } = (await tenant.issuer())?.status ?? {};
    return conditions.find((each) => each.type === type && each.reason === reason);
  });

test('an issuer has its records in a zone of another account, and takes them along', async () => {
  const tenant = await tenantWithoutZone('zone-away');
  const keeper = await lab.environment.account(zoneAccount);
  const zone = await makeZone(keeper, 'zone-away.example.com');
  const roleARN = `arn:aws:iam::${zoneAccount}:role/irsa-dns`;
  await tenant.applyIssuer(hostedBy(tenant, { route53: { account: { roleARN } } }));
  await tenant.ready('oidcissuer');
  expect(await recordTypes(keeper, zone)).toEqual(['A', 'AAAA', 'CNAME']);
  expect((await tenant.issuer())?.status?.sites?.[0]?.dns).toEqual({
    keeper: 'Route53',
    places: [{ accountID: zoneAccount, roleARN }],
  });
  await removed(tenant);
  expect(await recordTypes(keeper, zone)).toEqual([]);
});

test('two zones of one name are told apart by the id in the spec', async () => {
  const tenant = await tenantWithoutZone('zone-twice');
  const zones = [
    await makeZone(tenant.aws, 'zone-twice.example.com'),
    await makeZone(tenant.aws, 'zone-twice.example.com'),
  ];
  await tenant.applyIssuer(hostedBy(tenant, undefined));
  const { message } = await condition(tenant, 'CertificateReady', 'HostedZoneAmbiguous');
  expect(message).toContain(zones.toSorted().join(' and '));
  const [first = '', second = ''] = zones;
  await tenant.applyIssuer(hostedBy(tenant, { route53: { hostedZoneID: second } }));
  await tenant.ready('oidcissuer');
  expect(await recordTypes(tenant.aws, first)).toEqual([]);
  expect(await recordTypes(tenant.aws, second)).toEqual(['A', 'AAAA', 'CNAME']);
  await removed(tenant);
});

test('a child zone that is delegated elsewhere is named', async () => {
  const tenant = await tenantWithoutZone('zone-child');
  const zone = await makeZone(tenant.aws, 'example.com');
  const delegation = {
    Name: 'zone-child.example.com',
    Type: 'NS' as const,
    TTL: 300,
    ResourceRecords: [{ Value: 'ns1.example.net.' }],
  };
  const change = (Action: 'CREATE' | 'DELETE') =>
    tenant.aws.route53.send(
      new ChangeResourceRecordSetsCommand({
        HostedZoneId: zone,
        ChangeBatch: { Changes: [{ Action, ResourceRecordSet: delegation }] },
      }),
    );
  await change('CREATE');
  await tenant.applyIssuer(hostedBy(tenant, undefined));
  const { message } = await condition(tenant, 'CertificateReady', 'AliasDelegated');
  expect(message).toContain('give zone-child.example.com to other name servers');
  await change('DELETE');
  await tenant.ready('oidcissuer');
  await removed(tenant);
  await tenant.aws.route53.send(new DeleteHostedZoneCommand({ Id: zone }));
});

test('a certificate that a CAA record forbids fails, and another is requested in its place once its time has come', async () => {
  const tenant = await lab.tenant('zone-caa');
  const { HostedZones = [] } = await tenant.aws.route53.send(new ListHostedZonesCommand({}));
  const permit = (authority: string) => {
    const ResourceRecords = [{ Value: `0 issue "${authority}"` }];
    const record = { Name: 'zone-caa.example.com', Type: 'CAA' as const, TTL: 60, ResourceRecords };
    const ChangeBatch = { Changes: [{ Action: 'UPSERT' as const, ResourceRecordSet: record }] };
    return tenant.aws.route53.send(
      new ChangeResourceRecordSetsCommand({ HostedZoneId: HostedZones[0]?.Id, ChangeBatch }),
    );
  };
  const certificates = () =>
    [...lab.environment.front.state.certificates.values()].filter(({ accountID }) => accountID === tenant.accountID);
  const calls = (operation: string) =>
    lab.environment.front.calls.filter((call) => call.accountID === tenant.accountID && call.operation === operation)
      .length;
  await permit('letsencrypt.org');
  await tenant.applyIssuer();
  const { message } = await condition(tenant, 'CertificateReady', 'CertificateFailed');
  expect(message).toContain('CAA_ERROR');
  const [failed] = certificates();
  if (!failed) throw new Error('no certificate was requested');

  const look = (when: string) =>
    tenant.kubectl(['annotate', 'oidcissuer', tenant.name, `look-again=${when}`, '--overwrite']);
  const before = calls('ListCertificates');
  await look('too-early');
  await until('that look', () => calls('ListCertificates') > before || undefined);
  await permit('amazon.com');
  failed.createdAt -= 3_600_000;
  await look('an-hour-later');
  await tenant.ready('oidcissuer');
  const [issued, ...others] = certificates();
  expect(others).toEqual([]);
  expect(calls('RequestCertificate')).toBe(2);
  expect(issued?.arn).not.toBe(failed.arn);
  expect(issued?.idempotencyToken).not.toBe(failed.idempotencyToken);
  await tenant.kubectl(['delete', 'oidcissuer', tenant.name, '--wait=false']);
  await tenant.gone('oidcissuer');
  // The CAA record is not ours.
  expect(counts(await tenant.holdings())).toEqual({ record: 1 });
});

test('without Route 53, an issuer gets ready by the records that its status asks for', async () => {
  const tenant = await tenantWithoutZone('by-hand');
  const provider = await lab.environment.account(providerAccount);
  const zone = await makeZone(provider, 'by-hand.example.com');
  const made: string[] = [];
  const makeNext = () =>
    until('a record that is asked for', async () => {
      const { dnsRecords = [] } = (await tenant.issuer())?.status ?? {};
      const missing = dnsRecords.find(({ name, present }) => !present && !made.includes(name));
      if (!missing) return undefined;
      const { name: Name, value: Value } = missing;
      const ResourceRecordSet = { Name, Type: 'CNAME' as const, TTL: 60, ResourceRecords: [{ Value }] };
      await provider.route53.send(
        new ChangeResourceRecordSetsCommand({
          HostedZoneId: zone,
          ChangeBatch: { Changes: [{ Action: 'CREATE', ResourceRecordSet }] },
        }),
      );
      made.push(Name);
      return Name;
    });
  await tenant.applyIssuer(hostedBy(tenant, { manual: {} }));
  const first = await condition(tenant, 'CertificateReady', 'DNSRecordMissing');
  expect(await makeNext()).toMatch(/^_[0-9a-z]+\.irsa\.by-hand\.example\.com$/);
  expect(first.message).toContain(made[0]);
  const second = await condition(tenant, 'DNSReady', 'DNSRecordMissing');
  expect(await makeNext()).toBe(tenant.alias);
  expect(second.message).toContain(`CNAME ${tenant.alias} with the value`);
  await tenant.ready('oidcissuer');
  expect((await tenant.issuer())?.status?.dnsRecords?.map(({ present }) => present)).toEqual([true, true]);

  const calls = lab.environment.front.calls.filter(
    ({ accountID, service }) => [tenant.accountID, providerAccount].includes(accountID) && service === 'route53',
  );
  const byOperator = calls.filter(({ operation }) => operation !== 'CreateHostedZone');
  // The test's own: it looked for the tenant's zone and took it away, and made two records at the provider.
  expect(byOperator.map(({ operation }) => operation).toSorted()).toEqual([
    'ChangeResourceRecordSets',
    'ChangeResourceRecordSets',
    'DeleteHostedZone',
    'ListHostedZones',
  ]);
  await removed(tenant);
  expect(await recordTypes(provider, zone)).toEqual(['CNAME', 'CNAME']);
  const events = await tenant.kubectl([
    'get',
    'events',
    '-o',
    'jsonpath={.items[?(@.reason=="RecordsReleased")].message}',
  ]);
  for (const name of made) expect(events).toContain(name);
});

test('a private zone of the account answers too, as long as the issuer lives', async () => {
  const tenant = await lab.tenant('inside');
  const zone = await makeZone(tenant.aws, 'inside.example.com', { vpc: 'vpc-12345678' });
  await tenant.applyIssuer();
  await tenant.ready('oidcissuer');
  const { ResourceRecordSets = [] } = await tenant.aws.route53.send(
    new ListResourceRecordSetsCommand({ HostedZoneId: zone }),
  );
  const domain = (await tenant.issuer())?.status?.sites?.[0]?.distribution?.domainName;
  expect(ResourceRecordSets.filter(({ Type }) => Type === 'CNAME')).toEqual([
    expect.objectContaining({ Name: `${tenant.alias}.`, ResourceRecords: [{ Value: domain }] }),
  ]);
  await removed(tenant);
});
