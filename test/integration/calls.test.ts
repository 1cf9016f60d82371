import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { CreateRoleCommand } from '@aws-sdk/client-iam';
import { Environment, installation } from '../environment/environment.ts';
import type { Operator } from '../environment/operator.ts';
import { until } from '../environment/wait.ts';
import { iamServiceAccount, inlinePolicies, managedPolicies, oidcIssuer, roleARN, serviceAccount } from './objects.ts';
import { ReadLog } from './read-log.ts';
import { operatorRequests, ownAccountID, passesOverRoles, Workspace } from './workspace.ts';

jest.setTimeout(120_000);

const namespace = 'org-acme';
const accountID = '111122223333';
const issuer = 'abcl0';
const boundary = 'arn:aws:iam::aws:policy/PowerUserAccess';

let environment: Environment;
let workspace: Workspace;
let operator: Operator;

beforeAll(async () => {
  environment = await Environment.start();
  // Calls are counted here, and none is made twice because IAM does not know a role yet.
  environment.front.state.timing.callsWithoutPath = 0;
  environment.front.state.timing.rolesOnPage = 1000;
  await environment.install();
  workspace = await Workspace.create(environment, namespace);
  await workspace.account(accountID);
  environment.front.clearCalls();
  operator = await environment.startOperator();
  await workspace.apply(oidcIssuer(issuer, { account: { roleARN: roleARN(accountID) }, cluster: { inCluster: {} } }));
  await workspace.ready(`oidcissuer/${issuer}`);
});

afterAll(() => environment?.stop());

/**
 * All that is called from the change until the IAMServiceAccounts are as their newest specs say. Their issuer is at rest: it
 * is looked at again only after five minutes, or when something wakes it.
 */
async function callsOf(change: () => Promise<void>, ...names: readonly string[]): Promise<Record<string, number>> {
  environment.front.clearCalls();
  await change();
  await workspace.ready(...names.map((name) => `iamserviceaccount/${name}`));
  return environment.front.count();
}

/** Leaves out what is called no time. */
const called = (counts: Record<string, number>) =>
  Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));

describe.each([
  { name: 'bare', managedCount: 0, inlineCount: 0 },
  { name: 'mixed', managedCount: 2, inlineCount: 3 },
])('a role with $managedCount managed and $inlineCount inline policies', ({ name, managedCount, inlineCount }) => {
  const role = iamServiceAccount(name, issuer, {
    role: { description: 'a role', maxSessionDuration: '2h', permissionsBoundary: boundary },
    tags: { team: 'acme' },
    policies: { managed: managedPolicies.slice(0, managedCount), inline: inlinePolicies(inlineCount) },
  });

  test('is made by 1+N+M writes and no read, and deleted by 2+N+M calls', async () => {
    const made = await callsOf(() => workspace.apply(serviceAccount(name), role), name);
    expect(made).toEqual(
      called({ 'iam:CreateRole': 1, 'iam:AttachRolePolicy': managedCount, 'iam:PutRolePolicy': inlineCount }),
    );
    await workspace.kubectl(['delete', 'iamserviceaccount', name]);
    // All since it was applied, so that no call of a later look at the role is missed either.
    expect(environment.front.count()).toEqual(
      called({
        ...made,
        'iam:GetRole': 1,
        'iam:DetachRolePolicy': managedCount,
        'iam:DeleteRolePolicy': inlineCount,
        'iam:DeleteRole': 1,
      }),
    );
  });
});

describe('many objects of one account', () => {
  const names = ['a', 'b', 'c', 'd', 'e'];

  beforeAll(async () => {
    await operator.terminate();
    operator = await environment.startOperator();
    const objects = names.flatMap((name) => [serviceAccount(name), iamServiceAccount(name, issuer)]);
    await callsOf(() => workspace.apply(...objects), ...names);
  });

  test('share one AssumeRole', () => {
    expect(environment.front.count('AssumeRole')).toEqual({ 'sts:AssumeRole': 1 });
  });

  test('are looked at after a restart of the operator, all roles together, and nothing is written', async () => {
    await operator.terminate();
    const reads = new ReadLog(environment.front);
    environment.front.clearCalls();
    const { next } = await environment.controlPlane.audit();
    // Looks again soon, so that the first look is known to have ended.
    operator = await environment.startOperator({ intervals: { resync: '1s' } });
    const lookedAt = async () => {
      const whole = (await passesOverRoles(environment, next, names)) - 1;
      return Math.min(whole, reads.issuerPasses(accountID).length, reads.sweeps(accountID).length) >= 1 || undefined;
    };
    await until('a whole look at each object', lookedAt, 60);
    expect(environment.front.writes()).toEqual([]);
    const ofRoles = reads.sweeps(accountID).map((sweep) => sweep.toSorted());
    expect(ofRoles[0]).toEqual(['GetAccountAuthorizationDetails', 'GetAccountSummary', 'ListRoles']);
    for (const later of ofRoles.slice(1)) expect(later).toEqual(['GetAccountAuthorizationDetails', 'ListRoles']);
    for (const name of names) expect(reads.rolePasses(name)).toEqual([]);
    expect(environment.front.count('GetRole')).toEqual({});
    expect(environment.front.count('AssumeRole')).toEqual({ 'sts:AssumeRole': 1 });
    const { requests } = await operatorRequests(environment, next);
    const verbs = new Set(requests.map(({ verb }) => verb));
    expect([...verbs].filter((verb) => !['get', 'list', 'watch'].includes(verb))).toEqual([]);
  });
});

test('another namespace does not come in on the session of the one to which the role is pinned', async () => {
  const { iam } = await environment.account(accountID);
  const Statement = {
    Effect: 'Allow',
    Principal: { AWS: `arn:aws:iam::${ownAccountID}:root` },
    Action: 'sts:AssumeRole',
    Condition: { StringEquals: { 'sts:ExternalId': `${installation}/${namespace}` } },
  };
  const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
  await iam.send(new CreateRoleCommand({ RoleName: 'irsa-operator', AssumeRolePolicyDocument }));
  const other = await Workspace.create(environment, 'org-other');
  environment.front.clearCalls();

  await other.apply(oidcIssuer('stranger', { account: { roleARN: roleARN(accountID) } }));
  const { message } = await other.condition('oidcissuer', 'stranger', { type: 'Accepted', reason: 'AccessDenied' });

  expect(message).toContain('sts:AssumeRole');
  expect(environment.front.writes().filter((call) => call.accountID === accountID)).toEqual([]);
});
