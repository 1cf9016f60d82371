import { describe, expect, test } from '@jest/globals';
import type { IAMServiceAccountSpec } from '../../../src/api/generated/iam-service-account.ts';
import { oidcIssuers } from '../../../src/api/resources.ts';
import { mayAssume, type PolicyDocument } from '../../backends/aws/evaluator.ts';
import { accountID, issuer, Story } from './story.ts';

/** Asks an evaluator of AWS policies whom the roles let in that the operator made. */

type Spec = Partial<IAMServiceAccountSpec>;
type Subject = IAMServiceAccountSpec['subjects'][number];

const here = 'https://irsa.abcl0.example.com';
const west = 'https://irsa.west.example.com';

interface Token {
  /** `namespace:name`, as the API server writes it behind `system:serviceaccount:`. */
  readonly of: string;
  readonly issuer?: string;
  readonly audience?: string;
}

async function judge(trust: { arn: string; trustPolicy: string }, { of, ...token }: Token): Promise<string> {
  return mayAssume({
    ...{ roleARN: trust.arn, trustPolicy: JSON.parse(trust.trustPolicy) as PolicyDocument },
    ...{ issuer: here, audience: 'sts.amazonaws.com', subject: `system:serviceaccount:${of}`, ...token },
  });
}

async function roleFor(subjects: Subject[], spec: Spec = {}) {
  const story = new Story({ subjects, serviceAccountPolicy: 'Ignore', ...spec });
  await story.reconcile();
  expect(story.condition('Ready')).toMatchObject({ status: 'True' });
  return story.role;
}

describe.each<{ subjects: Subject[]; allowed: string[]; denied: string[] }>([
  {
    subjects: [{ namespace: 'team-*', name: 's3-reader' }],
    allowed: ['team-a:s3-reader', 'team-b-2:s3-reader', 'team-:s3-reader'],
    denied: [
      ...['team:s3-reader', 'default:s3-reader', 'kube-system:s3-reader', 'my-team-a:s3-reader', 'TEAM-a:s3-reader'],
      ...['team-a:s3-reader-2', 'team-a:my-s3-reader', 'team-a:s3-reader:x', 'team-a', 'team-a:'],
    ],
  },
  {
    subjects: [{ namespace: 'default', name: 's3-*' }],
    allowed: ['default:s3-reader', 'default:s3-writer.v1', 'default:s3-'],
    denied: [
      ...['default:s3', 'default:my-s3-reader', 'default-2:s3-reader', 'my-default:s3-reader'],
      ...['kube-system:s3-reader', 'defaults3-reader', 'default::s3-reader'],
    ],
  },
  {
    subjects: [{ namespace: 'default', name: '*' }],
    allowed: ['default:s3-reader', 'default:x'],
    denied: ['default-2:x', 'x-default:x', 'team-a:default', 'default'],
  },
  {
    subjects: [{ namespace: '*-a', name: '*.reader' }],
    allowed: ['team-a:s3.reader'],
    denied: ['team-b:s3.reader', 'team-a-b:s3.reader', 'team-a:s3-reader', 'team-a:s3.reader.x'],
  },
  {
    subjects: [
      { namespace: 'team-*', name: 'x' },
      { namespace: 'default', name: 's3.reader' },
    ],
    allowed: ['team-a:x', 'default:s3.reader'],
    denied: ['default:x', 'team-a:s3.reader', 'default:s3-reader', 'default:s3.reader2', 'default-b:s3.reader'],
  },
  {
    subjects: [{ namespace: 'default', name: 's3.reader' }],
    allowed: ['default:s3.reader'],
    denied: ['default:s3-reader', 'default:s3*reader', 'default:*', '*:s3.reader', '*'],
  },
])('a role for $subjects', ({ subjects, allowed, denied }) => {
  test.each(allowed)('lets in %s, of the issuer and for its audience alone', async (of) => {
    const role = await roleFor(subjects);
    expect(await judge(role, { of })).toBe('Allowed');
    expect(await judge(role, { of, issuer: west })).toBe('ImplicitlyDenied');
    expect(await judge(role, { of, audience: 'kubernetes.default.svc' })).toBe('ImplicitlyDenied');
  });

  test.each(denied)('keeps out %s', async (of) => {
    expect(await judge(await roleFor(subjects), { of })).toBe('ImplicitlyDenied');
  });
});

/**
 * IAM's * stands for a colon too. A token's subject has exactly one behind the prefix, because neither a namespace nor a name can
 * have one, so a pattern with its own colon never reaches from the namespace into the name.
 */
test.each<[Subject, string, string]>([
  [{ namespace: 'team-*', name: 'reader' }, 'team-a:reader', 'team-a:x-reader'],
  [{ namespace: '*', name: 'reader' }, 'kube-system:reader', 'kube-system:x.reader'],
  [{ namespace: 'default', name: '*reader' }, 'default:x-reader', 'default-x:reader'],
  [{ namespace: 'team-*-x', name: '*' }, 'team-a-x:y', 'team-a:b-x'],
])('the stars of %j stay on their side of the colon', async (subject, allowed, denied) => {
  const role = await roleFor([subject]);
  expect(await judge(role, { of: allowed })).toBe('Allowed');
  expect(await judge(role, { of: denied })).toBe('ImplicitlyDenied');
});

test('a role without subjects lets nobody in', async () => {
  const role = await roleFor([]);
  expect(await judge(role, { of: 'default:s3-reader' })).not.toBe('Allowed');
});

describe("somebody else's role", () => {
  const federated = { Federated: `arn:aws:iam::${accountID}:oidc-provider/irsa.west.example.com` };
  const sub = { 'irsa.west.example.com:sub': 'system:serviceaccount:ops:backup' };
  const foreign = (Effect: string, Condition: object) => ({
    ...{ Sid: `Theirs${Effect}`, Effect, Principal: federated, Action: 'sts:AssumeRoleWithWebIdentity', Condition },
  });
  const lambda = { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' };

  async function existing(subjects: Subject[], statements: readonly object[]) {
    const role = { name: 'theirs', management: 'TrustOnly' as const };
    const story = new Story({ subjects, policies: {}, role, serviceAccountPolicy: 'Ignore' });
    story.kube.seed(oidcIssuers, issuer('west'));
    story.iam.CreateRole({
      RoleName: 'theirs',
      Path: '/',
      AssumeRolePolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: statements }),
    });
    const theirs = () => {
      const found = story.iam.roles.get('theirs');
      if (!found) throw new Error('their role is gone');
      return found;
    };
    await story.reconcile();
    expect(story.condition('Ready')).toMatchObject({ status: 'True' });
    return { story, theirs };
  }

  const ours: Token = { of: 'team-a:reader' };
  const backup: Token = { of: 'ops:backup', issuer: west };
  const strangers: Token[] = [
    { of: 'default:reader' },
    { of: 'team-a:reader', issuer: west },
    { of: 'ops:backup' },
    { of: 'team-a:reader', audience: 'other' },
  ];
  const wildcard = [{ namespace: 'team-*', name: 'reader' }];

  test('lets in our subjects and whom it let in before, and nobody by a mixture of both', async () => {
    const { story, theirs } = await existing(wildcard, [lambda, foreign('Allow', { StringEquals: sub })]);
    expect(await judge(theirs(), ours)).toBe('Allowed');
    expect(await judge(theirs(), backup)).toBe('Allowed');
    for (const stranger of strangers)
      expect([stranger, await judge(theirs(), stranger)]).toEqual([stranger, 'ImplicitlyDenied']);

    story.edit({ subjects: [{ namespace: 'default', name: 'reader' }] });
    await story.reconcile();
    expect(await judge(theirs(), ours)).toBe('ImplicitlyDenied');
    expect(await judge(theirs(), { of: 'default:reader' })).toBe('Allowed');
    expect(await judge(theirs(), backup)).toBe('Allowed');

    story.delete();
    await story.reconcile();
    expect(await judge(theirs(), { of: 'default:reader' })).toBe('ImplicitlyDenied');
    expect(await judge(theirs(), backup)).toBe('Allowed');
  });

  test('keeps a Deny of its owner in force over our statement', async () => {
    const provider = { Federated: `arn:aws:iam::${accountID}:oidc-provider/irsa.abcl0.example.com` };
    const deny = { Effect: 'Deny', Principal: provider, Action: 'sts:AssumeRoleWithWebIdentity' };
    const only = { StringLike: { 'irsa.abcl0.example.com:sub': 'system:serviceaccount:team-b:*' } };
    const { theirs } = await existing(wildcard, [lambda, { ...deny, Condition: only }]);
    expect(await judge(theirs(), ours)).toBe('Allowed');
    expect(await judge(theirs(), { of: 'team-b:reader' })).toBe('ExplicitlyDenied');
  });

  test('that had only our statement lets nobody in after the object is gone', async () => {
    const { story, theirs } = await existing(wildcard, []);
    expect(await judge(theirs(), ours)).toBe('Allowed');
    story.delete();
    await story.reconcile();
    expect(await judge(theirs(), ours)).not.toBe('Allowed');
  });
});
