import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { Lab } from '../environment/lab.ts';
import type { Tenant } from '../environment/tenant.ts';
import { until } from '../environment/wait.ts';

jest.setTimeout(180_000);

let lab: Lab;
let platform: Tenant;
let team: Tenant;
beforeAll(async () => {
  lab = await Lab.start();
  await lab.startOperator();
  platform = await lab.tenant('platform');
  team = await lab.tenant('team-a');
  await platform.applyIssuer();
  await platform.ready('oidcissuer');
});
afterAll(() => lab?.stop());

const accepted = async () => {
  const role = await team.role();
  return role?.status?.conditions?.find(({ type }) => type === 'Accepted');
};
const refusal = () =>
  until('the refusal', async () => {
    const condition = await accepted();
    return condition?.status === 'False' ? condition : undefined;
  });

test('an issuer of another namespace is used by those that it lets, and holds on to what it let in', async () => {
  const issuerRefs = [{ namespace: 'platform', name: 'platform' }];
  await team.applyRole({ issuerRefs });
  expect(await refusal()).toMatchObject({ reason: 'IssuerNotAllowed' });
  const { message } = await refusal();

  // An issuer that is not there is answered in the same words.
  await team.applyRole({ issuerRefs: [{ namespace: 'platform', name: 'none' }] });
  const none = await until('the other refusal', async () => {
    const condition = await accepted();
    return condition?.message.includes('platform/none') ? condition : undefined;
  });
  expect(none.message).toBe(message.replace('platform/platform', 'platform/none'));

  await team.applyRole({ issuerRefs });
  await platform.applyIssuer({
    allowedNamespaces: { from: 'Selector', selector: { matchLabels: { irsa: 'allowed' } } },
  });
  const { message: closed } = await refusal();
  expect(closed).toBe(message);
  // The label is all that changes: the next resync is minutes away.
  await lab.environment.kubectl(['label', 'namespace', 'team-a', 'irsa=allowed']);
  await team.ready('iamserviceaccount');
  const role = await team.role();
  expect(role?.status?.issuers?.map(({ url }) => url)).toEqual(['https://irsa.platform.example.com']);

  await platform.applyIssuer({ allowedNamespaces: { from: 'Same' } });
  expect(await refusal()).toMatchObject({ reason: 'IssuerNotAllowed' });
  expect((await team.role())?.status).toMatchObject({ roleARN: role?.status?.roleARN, issuers: role?.status?.issuers });

  await team.kubectl(['delete', 'iamserviceaccount', 'team-a', '--wait=false']);
  await team.gone('iamserviceaccount');
});

test('an issuer that is being deleted sees at once that a role of another namespace is gone, or refers to another', async () => {
  // Nothing but a change of a role makes it look again.
  await lab.startOperator({ intervals: { dependents: '5m' } });
  const other = await lab.tenant('other');
  // A role stays in its account, so the other issuer is in the same one.
  const alias = 'irsa-other.platform.example.com';
  const account = { roleARN: platform.roleToAssume };
  await other.applyIssuer({ allowedNamespaces: { from: 'All' }, account, hosting: { cloudFront: { alias } } });
  await other.ready('oidcissuer');
  for (const change of ['gone', 'moved'] as const) {
    await platform.applyIssuer({ allowedNamespaces: { from: 'All' } });
    await platform.ready('oidcissuer');
    await team.applyRole({ issuerRefs: [{ namespace: 'platform', name: 'platform' }] });
    await team.ready('iamserviceaccount');
    await platform.kubectl(['delete', 'oidcissuer', 'platform', '--wait=false']);
    await until('the issuer to say what holds it', async () => {
      const conditions = (await platform.issuer())?.status?.conditions;
      const held = conditions?.find(({ type, reason }) => type === 'Ready' && reason === 'DependentsRemaining');
      return held?.message.includes('team-a/team-a') || undefined;
    });
    if (change === 'gone') await team.kubectl(['delete', 'iamserviceaccount', 'team-a', '--wait=false']);
    else await team.applyRole({ issuerRefs: [{ namespace: 'other', name: 'other' }] });
    await platform.gone('oidcissuer');
    // Its successor makes a key of its own.
    await platform.kubectl(['delete', 'secret', 'platform-keys']);
  }
  await team.ready('iamserviceaccount');
  const role = await team.role();
  expect(role?.status?.issuers?.map(({ url }) => url)).toEqual([`https://${alias}`]);
});
