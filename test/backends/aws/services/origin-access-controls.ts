import { OriginAccessControl } from '../distributions.ts';
import { awsError } from '../errors.ts';
import type { AwsRequest } from '../request.ts';
import type { FrontState } from '../state.ts';
import { cloudFrontReply, noContent, page } from './cloudfront.ts';
import type { Handler } from './index.ts';
import type { Xml } from '../xml.ts';

export const originAccessControls: Readonly<Record<string, Handler>> = {
  'cloudfront:CreateOriginAccessControl': ({ accountID, xml }, state) => {
    const control = new OriginAccessControl(accountID, xml);
    state.originAccessControls.set(control.id, control);
    const location = `https://cloudfront.amazonaws.com/2020-05-31/origin-access-control/${control.id}`;
    return cloudFrontReply(201, 'OriginAccessControl', details(control), { etag: control.etag, location });
  },
  'cloudfront:GetOriginAccessControl': (request, state) => {
    const control = findOriginAccessControl(request, state);
    return cloudFrontReply(200, 'OriginAccessControl', details(control), { etag: control.etag });
  },
  'cloudfront:GetOriginAccessControlConfig': (request, state) => {
    const { config, etag } = findOriginAccessControl(request, state);
    return cloudFrontReply(200, 'OriginAccessControlConfig', config, { etag });
  },
  'cloudfront:UpdateOriginAccessControl': (request, state) => {
    const control = findOriginAccessControl(request, state);
    control.change(request.xml);
    return cloudFrontReply(200, 'OriginAccessControl', details(control), { etag: control.etag });
  },
  'cloudfront:DeleteOriginAccessControl': (request, state) => {
    state.originAccessControls.delete(findOriginAccessControl(request, state).id);
    return noContent;
  },
  'cloudfront:ListOriginAccessControls': ({ accountID, query }, state) => {
    const mine = [...state.originAccessControls.values()].filter((control) => control.accountID === accountID);
    const list = page(mine, query, summary, 'OriginAccessControlSummary');
    return cloudFrontReply(200, 'OriginAccessControlList', list);
  },
};

/** The origin access control a call is about; another account's is as good as none. */
export function findOriginAccessControl({ labels, accountID }: AwsRequest, state: FrontState): OriginAccessControl {
  const found = state.originAccessControls.get(labels['id'] ?? '');
  if (found?.accountID === accountID) return found;
  throw awsError('NoSuchOriginAccessControl', 404, 'The origin access control does not exist.');
}

function details({ id, config }: OriginAccessControl): Xml {
  return { Id: id, OriginAccessControlConfig: config };
}

function summary({ id, config }: OriginAccessControl): Xml {
  return { Id: id, ...(config as Record<string, Xml>) };
}
