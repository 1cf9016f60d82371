import { randomBytes } from 'node:crypto';
import { awsError } from '../errors.ts';
import type { AwsRequest, Reply } from '../request.ts';
import type { FrontState } from '../state.ts';
import { xmlDocument } from '../xml.ts';
import type { Handler } from './index.ts';

const namespace = 'https://route53.amazonaws.com/doc/2013-04-01/';

/** moto gives every change one constant id and has it INSYNC at once; here each gets its own and is PENDING first. */
async function followed(request: AwsRequest, state: FrontState): Promise<Reply> {
  state.dns.know(request.accountID);
  const reply = await state.emulator.send(request).finally(() => state.dns.changed());
  if (reply.status >= 300) return reply;
  const id = `C${randomBytes(10).toString('hex').toUpperCase()}`;
  state.changes.set(id, state.timing.pendingChangeReads);
  const body = reply.body
    .toString()
    .replace(/<Id>\/change\/[^<]*<\/Id>/, `<Id>/change/${id}</Id>`)
    .replace('<Status>INSYNC</Status>', '<Status>PENDING</Status>');
  return { ...reply, body };
}

export const route53: Readonly<Record<string, Handler>> = {
  'route53:CreateHostedZone': followed,
  'route53:DeleteHostedZone': followed,
  'route53:ChangeResourceRecordSets': followed,

  /** Route 53 shows alias targets with the dot at their end, moto as they were sent. */
  'route53:ListResourceRecordSets': async (request, state) => {
    state.dns.know(request.accountID);
    const reply = await state.emulator.send(request);
    const body = reply.body.toString().replace(/<DNSName>([^<]*[^.<])<\/DNSName>/g, '<DNSName>$1.</DNSName>');
    return { ...reply, body };
  },

  'route53:GetChange': ({ labels }, state) => {
    const id = labels['id'] ?? '';
    const left = state.changes.get(id);
    if (left === undefined) throw awsError('NoSuchChange', 404, `A change with id ${id} does not exist.`);
    state.changes.set(id, left - 1);
    const status = left > 0 ? 'PENDING' : 'INSYNC';
    const info = { Id: `/change/${id}`, Status: status, SubmittedAt: new Date().toISOString() };
    const body = xmlDocument('GetChangeResponse', namespace, { ChangeInfo: info });
    return { status: 200, headers: { 'content-type': 'text/xml' }, body };
  },
};
