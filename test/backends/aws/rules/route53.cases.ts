import type { Change, ResourceRecordSet } from '@aws-sdk/client-route-53';
import type { Cases, World } from './case.ts';
import { changeRecords, makeZone } from './samples.ts';

const name = 'irsa.example.com';
const cname: ResourceRecordSet = {
  Name: name,
  Type: 'CNAME',
  TTL: 300,
  ResourceRecords: [{ Value: 'd1.cloudfront.net' }],
};
const address: ResourceRecordSet = { Name: name, Type: 'A', TTL: 300, ResourceRecords: [{ Value: '192.0.2.1' }] };

function alias(fields: Partial<NonNullable<ResourceRecordSet['AliasTarget']>> = {}): ResourceRecordSet {
  const target = { HostedZoneId: 'Z2FDTNDATAQYW2', DNSName: 'd1.cloudfront.net', EvaluateTargetHealth: false };
  return { Name: name, Type: 'A', AliasTarget: { ...target, ...fields } };
}

const created = (ResourceRecordSet: ResourceRecordSet): Change => ({ Action: 'CREATE', ResourceRecordSet });
const deleted = (ResourceRecordSet: ResourceRecordSet): Change => ({ Action: 'DELETE', ResourceRecordSet });
const upserted = (ResourceRecordSet: ResourceRecordSet): Change => ({ Action: 'UPSERT', ResourceRecordSet });

/** Batches sent one after the other to a new zone. */
function batches(...all: Change[][]) {
  return async ({ aws }: World) => {
    const zone = await makeZone(aws, 'example.com');
    for (const batch of all) await changeRecords(aws, zone, ...batch);
  };
}

const refusal = { error: 'InvalidChangeBatch', status: 400 };

export const route53Cases: Cases = {
  'record-set-once-a-batch': {
    ...refusal,
    allowed: batches([created(alias()), created({ ...alias(), Type: 'AAAA' })]),
    refused: batches([upserted(alias()), upserted(alias())]),
  },
  'record-created-once': {
    ...refusal,
    allowed: batches(
      [created(cname)],
      [deleted(cname), created(alias())],
      [upserted(alias({ DNSName: 'd2.cloudfront.net' }))],
    ),
    refused: batches([created(address)], [created({ ...address, TTL: 60 })]),
  },
  'record-deleted-as-it-stands': {
    ...refusal,
    allowed: batches([created(cname)], [deleted(cname)], [upserted(alias())], [deleted(alias())]),
    refused: batches([created(address)], [deleted({ ...address, ResourceRecords: [{ Value: '192.0.2.2' }] })]),
  },
  'cname-stands-alone': {
    ...refusal,
    allowed: batches([created(cname)], [upserted({ ...cname, TTL: 60 })]),
    refused: batches([created(cname)], [upserted(address)]),
  },
  'alias-of-cloudfront-has-no-health': {
    ...refusal,
    allowed: batches([upserted(alias())]),
    refused: batches([upserted(alias({ EvaluateTargetHealth: true }))]),
  },
  'alias-of-cloudfront-is-public': {
    ...refusal,
    async allowed({ aws }) {
      await changeRecords(aws, await makeZone(aws, 'example.com', 'vpc-1'), created(cname));
    },
    async refused({ aws }) {
      await changeRecords(aws, await makeZone(aws, 'example.com', 'vpc-1'), created(alias()));
    },
  },
  'alias-of-cloudfront-names-its-zone': {
    ...refusal,
    allowed: batches([upserted(alias())]),
    refused: batches([upserted(alias({ HostedZoneId: 'Z1D633PJN98FT9' }))]),
  },
};
