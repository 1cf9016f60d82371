import { expect, test } from '@jest/globals';
import { CreateRoleCommand } from '@aws-sdk/client-iam';
import { AssumeRoleCommand } from '@aws-sdk/client-sts';
import { withFront } from '../with-front.ts';

const world = withFront();
const accountID = '111122223333';
const RoleArn = `arn:aws:iam::${accountID}:role/pinned`;

const assume = (ExternalId?: string) =>
  world.aws.sts
    .send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'test', ...(ExternalId && { ExternalId }) }))
    .then(
      () => 'credentials',
      (error: Error) => error.name,
    );

test('a role is assumed with the external id that its trust policy asks for, and with no other', async () => {
  const { iam } = await world.aws.in(accountID);
  const trust = {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { AWS: 'arn:aws:iam::123456789012:root' },
        Action: 'sts:AssumeRole',
        Condition: { StringEquals: { 'sts:ExternalId': 'gauss/org-acme' } },
      },
    ],
  };
  await iam.send(new CreateRoleCommand({ RoleName: 'pinned', AssumeRolePolicyDocument: JSON.stringify(trust) }));
  expect(await assume('gauss/org-acme')).toBe('credentials');
  expect(await assume('gauss/org-evil')).toBe('AccessDenied');
  expect(await assume()).toBe('AccessDenied');
});

test('a role that no test made is assumed by everybody', async () => {
  expect(await assume('gauss/org-acme')).toBe('credentials');
});
