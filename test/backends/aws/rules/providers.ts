import { awsError } from '../errors.ts';
import { members } from '../request.ts';
import type { Rule } from '../rule.ts';
import { iamApi, iamQuotas, misfit, tooMuch } from './iam-values.ts';

const creates = ['iam:CreateOpenIDConnectProvider'];

export const providerRules: readonly Rule[] = [
  {
    name: 'provider-url',
    page: `${iamApi}/API_CreateOpenIDConnectProvider.html`,
    operations: creates,
    check({ form }) {
      const url = form.get('Url') ?? '';
      if (url.length <= 255 && /^https:\/\/[^/:?#]+(\/[^?#]*)?$/.test(url)) return undefined;
      return awsError('ValidationError', 400, 'Invalid Open ID Connect Provider URL');
    },
  },
  {
    name: 'provider-client-id',
    page: `${iamApi}/API_AddClientIDToOpenIDConnectProvider.html`,
    operations: [...creates, 'iam:AddClientIDToOpenIDConnectProvider'],
    check({ form }) {
      const clientIDs = [...members(form, 'ClientIDList'), ...form.getAll('ClientID')];
      return clientIDs.some((id) => id.length < 1 || id.length > 255) ? misfit('ClientID') : undefined;
    },
  },
  {
    name: 'provider-client-id-count',
    page: iamQuotas,
    operations: [...creates, 'iam:AddClientIDToOpenIDConnectProvider'],
    check({ form }, state) {
      const known = state.providers.get(form.get('OpenIDConnectProviderArn') ?? '')?.clientIDs ?? [];
      const all = new Set([...known, ...members(form, 'ClientIDList'), ...form.getAll('ClientID')]);
      return all.size > 100 ? tooMuch('Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 100') : undefined;
    },
  },
  {
    name: 'provider-issuer-answers',
    page: `${iamApi}/API_CreateOpenIDConnectProvider.html`,
    operations: creates,
    async check({ form }, _state, hooks) {
      // IAM fetches the certificate chain of the issuer where no thumbprint is sent.
      if (members(form, 'ThumbprintList').length > 0) return undefined;
      if (await hooks.issuerReachable(form.get('Url') ?? '')) return undefined;
      const message = 'Please make sure that the issuer can be reached over HTTPS.';
      return awsError('OpenIdIdpCommunicationError', 400, message);
    },
  },
];
