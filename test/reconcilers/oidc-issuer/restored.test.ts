import { expect, test } from '@jest/globals';
import { iamServiceAccounts, oidcIssuers, secrets } from '../../../src/api/resources.ts';
import type { IAMServiceAccount } from '../../../src/api/kinds.ts';
import { hours, minutes } from '../../../src/runtime/duration.ts';
import { Migration, role } from './migrating.ts';
import { newPublicKey, ref } from './story.ts';

test('objects that are applied again, with new UIDs and without status, find all that they had, and retained keys too', async () => {
  const story = await Migration.at();
  const [old] = story.published;
  const entry = { 'tls.crt': Buffer.from(newPublicKey()).toString('base64') };
  story.kube.edit(secrets, { namespace: 'default', name: 'abcl0-sa' }, { data: entry });
  await story.settle();
  const { issuerURL } = story.status;
  const keys = story.published;
  expect(keys).toHaveLength(2);
  const { spec } = story.kube.get<IAMServiceAccount>(iamServiceAccounts, role)!;
  for (const [kind, name] of [
    [oidcIssuers, ref],
    [iamServiceAccounts, role],
  ] as const) {
    story.kube.edit(kind, name, { metadata: { finalizers: null } });
    story.kube.remove(kind, name);
  }
  story.restart();
  story.forget();

  story.apply();
  story.kube.seed(iamServiceAccounts, { metadata: role, spec: { ...spec } });
  await story.settle();
  await story.clock.advance(minutes(2));
  await story.settle();
  // IAM refuses it: the role is there.
  expect(story.aws.writes).toEqual(['CreateRole']);
  expect(story.account.roles.size).toBe(1);
  expect(story.status.issuerURL).toBe(issuerURL);
  expect(story.published).toEqual(keys);

  await story.clock.advance(hours(26));
  await story.settle();
  expect(story.published).not.toContain(old);
});
