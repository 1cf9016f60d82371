import { awsError } from '../errors.ts';
import { mayCall } from '../evaluator.ts';
import type { AwsRequest } from '../request.ts';
import type { FrontState } from '../state.ts';
import { Accounts } from '../sts-accounts.ts';
import { element, parseXml, text } from '../xml.ts';
import type { Handler } from './index.ts';
import { partitionOf } from '../partition.ts';

export const sts: Readonly<Record<string, Handler>> = {
  /** Remembers in which account the credentials are that moto hands out. */
  'sts:AssumeRole': async (request, state) => {
    const roleARN = request.form.get('RoleArn') ?? '';
    if (!(await trusts(roleARN, request, state))) {
      const message = `User is not authorized to perform: sts:AssumeRole on resource: ${roleARN}`;
      throw awsError('AccessDenied', 403, message);
    }
    const reply = await state.emulator.send(request);
    const credentials = element(parseXml(reply.body.toString()), 'AssumeRoleResult', 'Credentials');
    const accountID = roleARN.split(':')[4] ?? '';
    if (reply.status === 200 && credentials !== undefined) {
      const accessKeyID = text(credentials, 'AccessKeyId');
      state.credentials.set(accessKeyID, {
        accessKeyID,
        accountID,
        kind: 'role',
        roleARN,
        assumedBy: request.credential.accessKeyID,
      });
    }
    return reply;
  },
};

/** Most tests make no role to come in through: such a one trusts everybody. One that was made is asked, as STS does. */
async function trusts(roleARN: string, { accountID, form, region }: AwsRequest, state: FrontState): Promise<boolean> {
  const role = await new Accounts(state).findRole(roleARN);
  if (!role) return true;
  const externalID = form.get('ExternalId');
  const verdict = await mayCall({
    principal: `arn:${partitionOf(region)}:iam::${accountID}:user/operator`,
    action: 'sts:AssumeRole',
    resource: { arn: roleARN, accountID: role.accountID },
    context: externalID === null ? {} : { 'sts:ExternalId': externalID },
    identityPolicies: [{ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] }],
    resourcePolicy: role.trustPolicy,
  });
  return verdict === 'Allowed';
}
