import { awsError } from '../errors.ts';
import { members, withForm, type AwsRequest, type Reply } from '../request.ts';
import type { FrontState, OidcProvider } from '../state.ts';
import { buildXml, parseXml, text, type Xml } from '../xml.ts';
import { success } from './iam-replies.ts';
import type { Handler } from './index.ts';

// Client ids and tags are kept here. moto cannot change the client ids of a provider, and takes tag keys that differ only in
// case for one, which IAM does for roles alone: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html#case-sensitivity

/** IAM fills the list where none is sent: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html */
const retrievedThumbprint = '0123456789abcdef0123456789abcdef01234567';

export const oidcProviders: Readonly<Record<string, Handler>> = {
  'iam:CreateOpenIDConnectProvider': async (request, state) => {
    const { form, operation } = request;
    const untagged = new URLSearchParams([...form].filter(([name]) => !name.startsWith('Tags.')));
    const reply = await state.emulator.send(withForm(request, untagged));
    if (reply.status !== 200) return reply;
    const arn = text(parseXml(reply.body.toString()), `${operation}Result`, 'OpenIDConnectProviderArn');
    state.providers.set(arn, { clientIDs: members(form, 'ClientIDList'), tags: new Map(tagsIn(form)) });
    state.lateTags.made(arn, state.timing.readsWithoutTags);
    return reply;
  },
  'iam:DeleteOpenIDConnectProvider': async (request, state) => {
    const reply = await state.emulator.send(request);
    if (reply.status === 200) state.providers.delete(arnIn(request));
    return reply;
  },
  'iam:AddClientIDToOpenIDConnectProvider': changing((provider, { form }) => {
    provider.clientIDs = [...new Set([...provider.clientIDs, form.get('ClientID') ?? ''])];
  }),
  'iam:RemoveClientIDFromOpenIDConnectProvider': changing((provider, { form }) => {
    provider.clientIDs = provider.clientIDs.filter((clientID) => clientID !== form.get('ClientID'));
  }),
  'iam:TagOpenIDConnectProvider': changing(({ tags }, { form }) => {
    for (const [key, value] of tagsIn(form)) tags.set(key, value);
  }),
  'iam:UntagOpenIDConnectProvider': changing(({ tags }, { form }) => {
    for (const key of members(form, 'TagKeys')) tags.delete(key);
  }),
  'iam:ListOpenIDConnectProviderTags': (request, state) => {
    const Tags = shownTags(request, state);
    return success(request.operation, { [`${request.operation}Result`]: { Tags, IsTruncated: 'false' } });
  },
  'iam:GetOpenIDConnectProvider': async (request, state) => {
    const reply = await state.emulator.send(request);
    if (reply.status !== 200) return reply;
    const { clientIDs } = find(request, state);
    const noThumbprints = /<ThumbprintList\s*\/>/.test(reply.body.toString());
    return withLists(reply, {
      ClientIDList: { member: [...clientIDs] },
      ...(noThumbprints && { ThumbprintList: { member: retrievedThumbprint } }),
      Tags: shownTags(request, state),
    });
  },
};

function arnIn({ form }: AwsRequest): string {
  return form.get('OpenIDConnectProviderArn') ?? '';
}

/** The provider that a call is about; another account's is as good as none. */
function find(request: AwsRequest, state: FrontState): OidcProvider {
  const arn = arnIn(request);
  const provider = arn.split(':')[4] === request.accountID ? state.providers.get(arn) : undefined;
  if (!provider) throw awsError('NoSuchEntity', 404, `OpenIDConnect Provider not found for arn ${arn}`);
  return provider;
}

function changing(change: (provider: OidcProvider, request: AwsRequest) => void): Handler {
  return (request, state) => {
    change(find(request, state), request);
    return success(request.operation);
  };
}

function tagsIn(form: URLSearchParams): [key: string, value: string][] {
  const values = members(form, 'Tags', 'Value');
  return members(form, 'Tags', 'Key').map((key, index) => [key, values[index] ?? '']);
}

function shownTags(request: AwsRequest, state: FrontState): Xml {
  const { tags } = find(request, state);
  if (state.lateTags.hides(arnIn(request))) return '';
  return { member: [...tags].map(([Key, Value]) => ({ Key, Value })) };
}

/** The answer with other lists in the place of moto's. */
function withLists(reply: Reply, lists: Readonly<Record<string, Xml>>): Reply {
  const body = Object.entries(lists).reduce(
    (shown, [name, list]) =>
      shown.replace(new RegExp(`<${name}>[^]*</${name}>|<${name}\\s*/>`), () => buildXml(name, list)),
    reply.body.toString(),
  );
  return { ...reply, body };
}
