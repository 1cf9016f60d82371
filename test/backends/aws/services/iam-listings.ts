import { awsError } from '../errors.ts';
import type { AwsRequest, Reply } from '../request.ts';
import type { FrontState } from '../state.ts';
import { items, parseXml, text, type Xml } from '../xml.ts';
import { success } from './iam-replies.ts';
import type { Handler } from './index.ts';

// moto gives all roles at once where IAM gives pages, and does not URL-encode their trust policies in listings.

/** What a listing calls its roles, and what IAM leaves out there. */
interface Listing {
  readonly list: string;
  readonly without: readonly string[];
  /** What the front asks of moto beside the operation. */
  readonly ask: (form: URLSearchParams) => Readonly<Record<string, string>>;
}

const listings: Readonly<Record<string, Listing>> = {
  // https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListRoles.html
  ListRoles: {
    list: 'Roles',
    without: ['Tags', 'PermissionsBoundary', 'RoleLastUsed'],
    ask: (form) => ({ PathPrefix: form.get('PathPrefix') ?? '/', MaxItems: '100000' }),
  },
  // https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html
  GetAccountAuthorizationDetails: {
    list: 'RoleDetailList',
    without: ['Description', 'MaxSessionDuration'],
    ask: (form) => {
      const filter = form.get('Filter.member.1') ?? '';
      if (filter !== 'Role') throw awsError('NotImplemented', 501, 'the front has no details but those of roles');
      return { 'Filter.member.1': filter };
    },
  },
};

async function read({ form, accountID, operation }: AwsRequest, state: FrontState, { ask }: Listing): Promise<Reply> {
  const query = new URLSearchParams({ Action: operation, Version: '2010-05-08', ...ask(form) });
  return state.emulator.read('iam', accountID, `/?${query.toString()}`);
}

const listRoles: Handler = async (request, state) => {
  const { form, operation, accountID } = request;
  const listing = listings[operation];
  if (!listing) throw awsError('NotImplemented', 501, operation);
  const asked = Number(form.get('MaxItems') ?? 100);
  if (asked < 1 || asked > 1000) throw awsError('ValidationError', 400, `maxItems is ${asked}`);
  const reply = await read(request, state, listing);
  if (reply.status !== 200) return reply;
  const all = items(parseXml(reply.body.toString()), `${operation}Result`, listing.list, 'member');
  const start = Number(form.get('Marker') ?? 0);
  const end = start + Math.min(asked, state.timing.rolesOnPage);
  const next = end < all.length ? { IsTruncated: 'true', Marker: `${end}` } : { IsTruncated: 'false' };
  const member = all.slice(start, end).map((role) => shown(role, listing, hidesTags(role, accountID, state)));
  return success(operation, { [`${operation}Result`]: { [listing.list]: { member }, ...next } });
};

function hidesTags(role: Xml, accountID: string, { lateTags }: FrontState): boolean {
  return lateTags.hides(`arn:aws:iam::${accountID}:role/${text(role, 'RoleName').toLowerCase()}`);
}

function shown(role: Xml, { without }: Listing, withoutTags: boolean): Xml {
  const left = new Set(withoutTags ? [...without, 'Tags'] : without);
  const fields = Object.entries<Xml>(role as Record<string, Xml>).filter(([name]) => !left.has(name));
  const AssumeRolePolicyDocument = encodeURIComponent(text(role, 'AssumeRolePolicyDocument'));
  return { ...Object.fromEntries(fields), AssumeRolePolicyDocument };
}

export const roleListings: Readonly<Record<string, Handler>> = Object.fromEntries(
  Object.keys(listings).map((operation) => [`iam:${operation}`, listRoles]),
);
