import { members, withForm, type AwsRequest } from '../request.ts';
import type { FrontState, RoleSizes } from '../state.ts';
import { items, parseXml } from '../xml.ts';
import { policyKey, roleKey, sameName } from './iam-names.ts';
import { roleListings } from './iam-listings.ts';
import { oidcProviders } from './iam-providers.ts';
import { success } from './iam-replies.ts';
import type { Handler } from './index.ts';
import { partitionOf } from '../partition.ts';

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

/**
 * IAM may answer with less than there is and less than was asked for, with IsTruncated and a Marker.
 * https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListAttachedRolePolicies.html
 */
function inPages(list: string): Handler {
  return async ({ form, accountID, operation, region }, state) => {
    const query = new URLSearchParams({ Action: operation, Version: '2010-05-08' });
    query.set('RoleName', form.get('RoleName') ?? '');
    const reply = await state.emulator.read('iam', accountID, `/?${query.toString()}`, region);
    if (reply.status !== 200) return reply;
    const all = items(parseXml(reply.body.toString()), `${operation}Result`, list, 'member');
    const start = Number(form.get('Marker') ?? 0);
    const end = start + Math.min(Number(form.get('MaxItems') ?? 100), state.timing.policiesOnPage);
    const next = end < all.length ? { IsTruncated: 'true', Marker: `${end}` } : { IsTruncated: 'false' };
    return success(operation, { [`${operation}Result`]: { [list]: { member: all.slice(start, end) }, ...next } });
  };
}

/** Whatever its path is, an account has one role of a name. */
function lateTagsKey({ accountID, form }: AwsRequest): string {
  return `arn:aws:iam::${accountID}:role/${(form.get('RoleName') ?? '').toLowerCase()}`;
}

/** Reads a role; its tags may come late. */
const readRole: Handler = async (request, state) => {
  const reply = await state.emulator.send(request);
  if (reply.status !== 200 || !state.lateTags.hides(lateTagsKey(request))) return reply;
  return { ...reply, body: reply.body.toString().replace(/<Tags>[^]*<\/Tags>/, '<Tags/>') };
};

/** The keys of the role's tags that are among these but perhaps for their case. */
function heldKeys(request: AwsRequest, state: FrontState, keys: readonly string[]): string[] {
  const held = [...(state.roles.get(roleKey(request))?.tagKeys ?? [])];
  return held.filter((key) => keys.some((other) => sameName(key, other)));
}

const tagRole = noteRole(({ tagKeys }, form) => {
  for (const key of members(form, 'Tags', 'Key')) tagKeys.add(key);
});

const untagRole = noteRole(({ tagKeys }, form) => {
  for (const key of members(form, 'TagKeys')) tagKeys.delete(key);
});

function untag(request: AwsRequest, state: FrontState, keys: readonly string[]) {
  const form = new URLSearchParams({ Action: 'UntagRole', Version: '2010-05-08' });
  form.set('RoleName', request.form.get('RoleName') ?? '');
  keys.forEach((key, index) => {
    form.set(`TagKeys.member.${index + 1}`, key);
  });
  return untagRole(withForm(request, form), state);
}

export const iam: Readonly<Record<string, Handler>> = {
  'iam:CreateRole': noting((request, state) => {
    const name = request.form.get('RoleName') ?? '';
    const tagKeys = new Set(members(request.form, 'Tags', 'Key'));
    const path = request.form.get('Path') ?? '/';
    const boundary = request.form.get('PermissionsBoundary') ?? undefined;
    const made = { name, path, madeAt: Date.now(), judged: 0, boundary };
    state.roles.set(roleKey(request), { ...made, inline: new Map(), managed: new Set(), tagKeys });
    state.lateTags.made(lateTagsKey(request), state.timing.readsWithoutTags);
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
  'iam:GetRole': readRole,
  'iam:ListRoleTags': readRole,
  // A tag takes the place of one whose key differs only in case. moto would keep both.
  // https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html#case-sensitivity
  'iam:TagRole': async (request, state) => {
    const keys = members(request.form, 'Tags', 'Key');
    const replaced = heldKeys(request, state, keys).filter((key) => !keys.includes(key));
    const reply = await tagRole(request, state);
    if (reply.status === 200 && replaced.length > 0) await untag(request, state, replaced);
    return reply;
  },
  'iam:UntagRole': (request, state) =>
    untag(request, state, heldKeys(request, state, members(request.form, 'TagKeys'))),

  'iam:CreatePolicy': noting(({ accountID, form, region }, state) => {
    const name = form.get('PolicyName') ?? '';
    const arn = `arn:${partitionOf(region)}:iam::${accountID}:policy${form.get('Path') ?? '/'}${name}`;
    state.policies.set(policyKey(accountID, name), arn);
  }),
  'iam:DeletePolicy': noting(({ accountID, form }, state) => {
    state.policies.delete(policyKey(accountID, (form.get('PolicyArn') ?? '').replace(/^.*\//, '')));
  }),
  ...roleListings,
  ...oidcProviders,
};
