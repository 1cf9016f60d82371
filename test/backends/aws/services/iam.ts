import { awsError } from '../errors.ts';
import { members, type AwsRequest, type Reply } from '../request.ts';
import type { FrontState, RoleSizes } from '../state.ts';
import { buildXml, items, parseXml, xmlDocument, type Xml } from '../xml.ts';
import type { Handler } from './index.ts';

/** Key of a role in the front's state. */
export function roleKey({ accountID, form }: AwsRequest): string {
  return `${accountID}/${(form.get('RoleName') ?? '').toLowerCase()}`;
}

/** Characters of a policy as IAM counts them: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
export function policySize(document: string): number {
  return document.replace(/\s/g, '').length;
}

/** Passes a call on and notes its effect. */
function noting(note: (request: AwsRequest, state: FrontState) => void): Handler {
  return async (request, state) => {
    const reply = await state.emulator.send(request);
    if (reply.status === 200) note(request, state);
    return reply;
  };
}

function noteRole(change: (role: RoleSizes, form: URLSearchParams) => void): Handler {
  return noting((request, state) => {
    const role = state.roles.get(roleKey(request));
    if (role) change(role, request.form);
  });
}

/** Add- and RemoveClientID are not in moto: the front keeps the client ids and writes them into moto's answers. */
function changeClientIDs(change: (clientIDs: string[], clientID: string) => string[]): Handler {
  return async ({ form, accountID, operation }, state) => {
    const arn = form.get('OpenIDConnectProviderArn') ?? '';
    const query = new URLSearchParams({ Action: 'GetOpenIDConnectProvider', Version: '2010-05-08' });
    query.set('OpenIDConnectProviderArn', arn);
    const reply = await state.emulator.read('iam', accountID, `/?${query.toString()}`);
    if (reply.status !== 200) {
      throw awsError('NoSuchEntity', 404, `OpenIDConnect Provider not found for arn ${arn}`);
    }
    state.clientIDs.set(arn, change(state.clientIDs.get(arn) ?? [], form.get('ClientID') ?? ''));
    return success(operation);
  };
}

/**
 * IAM may answer with less than there is and less than was asked for, with IsTruncated and a Marker.
 * https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListAttachedRolePolicies.html
 */
function inPages(list: string): Handler {
  return async ({ form, accountID, operation }, state) => {
    const query = new URLSearchParams({ Action: operation, Version: '2010-05-08' });
    query.set('RoleName', form.get('RoleName') ?? '');
    const reply = await state.emulator.read('iam', accountID, `/?${query.toString()}`);
    if (reply.status !== 200) return reply;
    const all = items(parseXml(reply.body.toString()), `${operation}Result`, list, 'member');
    const start = Number(form.get('Marker') ?? 0);
    const end = start + Math.min(Number(form.get('MaxItems') ?? 100), state.timing.policiesOnPage);
    const next = end < all.length ? { IsTruncated: 'true', Marker: `${end}` } : { IsTruncated: 'false' };
    return success(operation, { [`${operation}Result`]: { [list]: { member: all.slice(start, end) }, ...next } });
  };
}

/** IAM fills the list where none is sent: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html */
const retrievedThumbprint = '0123456789abcdef0123456789abcdef01234567';

export const iam: Readonly<Record<string, Handler>> = {
  'iam:CreateRole': noting((request, state) => {
    const name = request.form.get('RoleName') ?? '';
    const tagKeys = new Set(members(request.form, 'Tags', 'Key'));
    const path = request.form.get('Path') ?? '/';
    const boundary = request.form.get('PermissionsBoundary') ?? undefined;
    const made = { name, path, madeAt: Date.now(), judged: 0, boundary };
    state.roles.set(roleKey(request), { ...made, inline: new Map(), managed: new Set(), tagKeys });
  }),
  'iam:DeleteRole': noting((request, state) => {
    state.roles.delete(roleKey(request));
  }),
  'iam:PutRolePolicy': noteRole(({ inline }, form) => {
    inline.set(form.get('PolicyName') ?? '', policySize(form.get('PolicyDocument') ?? ''));
  }),
  'iam:DeleteRolePolicy': noteRole(({ inline }, form) => {
    inline.delete(form.get('PolicyName') ?? '');
  }),
  'iam:AttachRolePolicy': noteRole(({ managed }, form) => {
    managed.add(form.get('PolicyArn') ?? '');
  }),
  'iam:DetachRolePolicy': noteRole(({ managed }, form) => {
    managed.delete(form.get('PolicyArn') ?? '');
  }),
  'iam:ListRolePolicies': inPages('PolicyNames'),
  'iam:ListAttachedRolePolicies': inPages('AttachedPolicies'),
  'iam:PutRolePermissionsBoundary': noteRole((role, form) => {
    role.boundary = form.get('PermissionsBoundary') ?? undefined;
  }),
  'iam:DeleteRolePermissionsBoundary': noteRole((role) => {
    role.boundary = undefined;
  }),
  'iam:TagRole': noteRole(({ tagKeys }, form) => {
    for (const key of members(form, 'Tags', 'Key')) tagKeys.add(key);
  }),
  'iam:UntagRole': noteRole(({ tagKeys }, form) => {
    for (const key of members(form, 'TagKeys')) tagKeys.delete(key);
  }),

  'iam:CreateOpenIDConnectProvider': noting(({ form, accountID }, state) => {
    const host = (form.get('Url') ?? '').replace(/^https:\/\//, '');
    state.clientIDs.set(`arn:aws:iam::${accountID}:oidc-provider/${host}`, members(form, 'ClientIDList'));
  }),
  'iam:AddClientIDToOpenIDConnectProvider': changeClientIDs((clientIDs, added) => [...new Set([...clientIDs, added])]),
  'iam:RemoveClientIDFromOpenIDConnectProvider': changeClientIDs((clientIDs, removed) =>
    clientIDs.filter((clientID) => clientID !== removed),
  ),
  'iam:GetOpenIDConnectProvider': async (request, state) => {
    const reply = await state.emulator.send(request);
    const clientIDs = state.clientIDs.get(request.form.get('OpenIDConnectProviderArn') ?? '') ?? [];
    const list = buildXml('ClientIDList', { member: clientIDs });
    const thumbprints = buildXml('ThumbprintList', { member: retrievedThumbprint });
    const body = reply.body
      .toString()
      .replace(/<ClientIDList>[^]*<\/ClientIDList>|<ClientIDList\/>/, list)
      .replace('<ThumbprintList/>', thumbprints);
    return { ...reply, body };
  },
};

function success(operation: string, result: { readonly [name: string]: Xml } = {}): Reply {
  const namespace = 'https://iam.amazonaws.com/doc/2010-05-08/';
  const body = xmlDocument(`${operation}Response`, namespace, {
    ...result,
    ResponseMetadata: { RequestId: 'front' },
  });
  return { status: 200, headers: { 'content-type': 'text/xml' }, body };
}
