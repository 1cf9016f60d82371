import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  AddClientIDToOpenIDConnectProviderCommand,
  CreateRoleCommand,
  DeleteOpenIDConnectProviderCommand,
  DeleteRolePolicyCommand,
  PutRolePolicyCommand,
  UpdateAssumeRolePolicyCommand,
} from '@aws-sdk/client-iam';
import type { ProofInput } from '../proof/input.ts';
import { provePolicyChange } from '../proof/policy-change.ts';
import { ProofError, proofSteps, runProof, type ProofLine } from '../proof/proof.ts';
import {
  account,
  alias,
  HandMadeIssuer,
  issuerURL,
  makeBucket,
  region,
  SigningKey,
  trustPolicy,
  withoutManagedPolicies,
} from './aws/edge-fixture.ts';
import { startAws, type TestAws } from './aws/edge-start.ts';

let aws: TestAws, issuer: HandMadeIssuer, cluster: FakeCluster;
beforeAll(async () => {
  aws = await startAws(withoutManagedPolicies);
});
afterAll(() => aws?.stop());

const RoleName = 's3-reader';
const roleARN = `arn:aws:iam::${account}:role/irsa/${RoleName}`;
const sub = 'system:serviceaccount:default:s3-reader';
const provider = `arn:aws:iam::${account}:oidc-provider/${alias}`;

beforeEach(async () => {
  await aws.front.reset();
  issuer = await HandMadeIssuer.create(aws.front);
  cluster = new FakeCluster(issuer.key);
  const { iam } = issuer.aws;
  await issuer.register();
  await iam.send(new CreateRoleCommand({ RoleName, Path: '/irsa/', AssumeRolePolicyDocument: trustPolicy(sub) }));
  await allowWrites('arn:aws:s3:::pods/echo/*');
  await makeBucket(issuer.aws, 'pods');
});

const allowWrites = (Resource: string) => {
  const Statement = [{ Effect: 'Allow', Action: 's3:PutObject', Resource }];
  const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
  return issuer.aws.iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'access', PolicyDocument }));
};
const trust = (PolicyDocument: string) =>
  issuer.aws.iam.send(new UpdateAssumeRolePolicyCommand({ RoleName, PolicyDocument }));

/** Answers kubectl as a cluster would in which the operator has done its work. */
class FakeCluster {
  issuerStatus: object = { issuerURL, accountID: account, keys: [{ kid: 'first' }] };
  roleStatus: object = { roleARN };
  annotations: object = { 'eks.amazonaws.com/role-arn': roleARN };
  tokenIssuer = issuerURL;

  constructor(public key: SigningKey) {}

  async kubectl([verb, kind = '', name = '', ...rest]: string[]): Promise<string> {
    if (verb === 'create') return this.#token(name, rest);
    const objects: Record<string, object> = {
      'oidcissuers.irsa.giantswarm.io abcl0': { spec: { region }, status: this.issuerStatus },
      'iamserviceaccounts.irsa.giantswarm.io reader': { status: this.roleStatus },
      'serviceaccount s3-reader': { metadata: { annotations: this.annotations } },
    };
    const found = objects[`${kind} ${name}`];
    if (!found) throw new Error(`there is no ${kind} ${name}`);
    return JSON.stringify(found);
  }

  /** `--namespace NAMESPACE --audience AUDIENCE --duration 1h` */
  #token(name: string, [, namespace, , aud = '']: string[]): Promise<string> {
    return this.key.token({ iss: this.tokenIssuer, sub: `system:serviceaccount:${namespace}:${name}`, aud });
  }
}

const input = (): ProofInput => ({
  controlPlane: cluster,
  front: aws.front,
  edge: aws.edge,
  issuer: { namespace: 'org-example', name: 'abcl0' },
  iamServiceAccount: { namespace: 'org-example', name: 'reader' },
  subject: { namespace: 'default', name: 's3-reader' },
  writes: { bucket: 'pods', allowed: 'echo/1', refused: 'other/1' },
});

/** All lines of a proof that holds, each also told when it is there. */
async function linesOf(proof: AsyncIterable<ProofLine>, tell: (line: ProofLine) => unknown = () => {}) {
  const lines: ProofLine[] = [];
  for await (const line of proof) {
    lines.push(line);
    tell(line);
  }
  return lines;
}

test('the proof has a line for each step', async () => {
  const lines = await linesOf(runProof(input()));
  expect(lines.map(({ step }) => step)).toEqual(proofSteps);
  const text = (step: string) => lines.find((line) => line.step === step)?.text.split('\n');
  expect(text('trust')).toEqual([
    'default/s3-reader        Allowed',
    'another service account  Denied',
    'another namespace        Denied',
    'another audience         Denied',
    'another issuer           Denied',
  ]);
  expect(text('allowed write')).toEqual(['s3://pods/echo/1: written']);
  expect(text('refused write')).toEqual(['s3://pods/other/1: AccessDenied']);
  expect(text('other tokens')).toContain('default/default for sts.amazonaws.com: AccessDenied');
});

describe('the proof fails at', () => {
  const spoils: [step: string, how: string, spoil: () => unknown][] = [
    ['issuer', 'without a status', () => (cluster.issuerStatus = {})],
    ['token', 'of another issuer', () => (cluster.tokenIssuer = 'https://kubernetes.default.svc')],
    [
      'token',
      'signed with a key that the status has not',
      async () => (cluster.key = await SigningKey.generate('old')),
    ],
    ['documents', 'whose alias record is gone', () => issuer.point('DELETE', issuer.distribution.domainName)],
    ['documents', 'with another kid in keys.json', () => issuer.publish([{ ...issuer.key.jwk, kid: 'spoilt' }])],
    ['signature', 'by another key of that kid', async () => issuer.publish([(await SigningKey.generate('first')).jwk])],
    ['role', 'that does not exist', () => (cluster.roleStatus = { roleARN: `${roleARN}-2` })],
    ['trust', 'in another sub', () => trust(trustPolicy(`${sub}-2`))],
    ['trust', 'without a sub', () => trust(trustPolicy(sub).replace(`,"${alias}:sub":"${sub}"`, ''))],
    ['trust', 'without an audience', () => trust(trustPolicy(sub).replace(`"${alias}:aud":"sts.amazonaws.com",`, ''))],
    ['service account', 'without annotation', () => (cluster.annotations = {})],
    ['service account', 'of another role', () => (cluster.annotations = { 'eks.amazonaws.com/role-arn': 'arn:x' })],
    [
      'credentials',
      'of an issuer that is not registered',
      () => {
        const gone = new DeleteOpenIDConnectProviderCommand({ OpenIDConnectProviderArn: provider });
        return issuer.aws.iam.send(gone);
      },
    ],
    [
      'allowed write',
      'without a policy',
      () => issuer.aws.iam.send(new DeleteRolePolicyCommand({ RoleName, PolicyName: 'access' })),
    ],
    ['refused write', 'with too wide a policy', () => allowWrites('arn:aws:s3:::pods/*')],
    [
      'other tokens',
      'for an audience too many',
      () => {
        const client = { OpenIDConnectProviderArn: provider, ClientID: 'kubernetes.default.svc' };
        return issuer.aws.iam.send(new AddClientIDToOpenIDConnectProviderCommand(client));
      },
    ],
  ];
  test.each(spoils)('%s %s', async (step, _, spoil) => {
    await spoil();
    const proven: string[] = [];
    const failure = await linesOf(runProof(input()), (line) => proven.push(line.step)).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ProofError);
    expect(failure).toMatchObject({ step });
    expect(proven).toEqual(
      proofSteps.slice(
        0,
        proofSteps.findIndex((one) => one === step),
      ),
    );
  });
});

describe('the proof of a policy change', () => {
  test('sees the refused write allowed and refused again', async () => {
    const later = (resource: string) => () => void setTimeout(() => void allowWrites(resource), 300);
    const change = {
      allow: async () => later('arn:aws:s3:::pods/*')(),
      takeBack: async () => later('arn:aws:s3:::pods/echo/*')(),
    };
    const lines = await linesOf(provePolicyChange(input(), change));
    expect(lines.map(({ text }) => text)).toEqual([
      'before, s3://pods/other/1: AccessDenied',
      'after, s3://pods/other/1: written',
      'taken back, s3://pods/other/1: AccessDenied',
    ]);
  });

  test('fails where the change never reaches the pod', async () => {
    const nothing = { allow: async () => {}, takeBack: async () => {}, deadlineMillis: 300 };
    await expect(linesOf(provePolicyChange(input(), nothing))).rejects.toThrow('is still AccessDenied');
  });
});
