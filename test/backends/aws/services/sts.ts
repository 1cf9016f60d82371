import { element, parseXml, text } from '../xml.ts';
import type { Handler } from './index.ts';

export const sts: Readonly<Record<string, Handler>> = {
  /** Remembers in which account the credentials are that moto hands out. */
  'sts:AssumeRole': async (request, state) => {
    const reply = await state.emulator.send(request);
    const credentials = element(parseXml(reply.body.toString()), 'AssumeRoleResult', 'Credentials');
    const roleARN = request.form.get('RoleArn') ?? '';
    const accountID = roleARN.split(':')[4] ?? '';
    if (reply.status === 200 && credentials !== undefined) {
      const accessKeyID = text(credentials, 'AccessKeyId');
      state.credentials.set(accessKeyID, { accessKeyID, accountID, kind: 'role', roleARN });
    }
    return reply;
  },
};
