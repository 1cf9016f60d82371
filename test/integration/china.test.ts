import { GetOpenIDConnectProviderCommand } from '@aws-sdk/client-iam';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { OIDCIssuerStatus } from '../../src/api/generated/oidc-issuer.ts';
import type { Clients } from '../backends/aws/clients.ts';
import { rollControlPlane, workloadKubeconfig } from '../environment/cluster.ts';
import { Environment } from '../environment/environment.ts';
import { mintToken } from '../proof/input.ts';
import { annotatedRole, Pod } from '../proof/pod.ts';
import { awsCluster, credential, iamServiceAccount, optIn, serviceAccount } from './objects.ts';
import { proofOf } from './proving.ts';
import { Workspace } from './workspace.ts';

jest.setTimeout(120_000);

const namespace = 'org-acme';
const region = 'cn-north-1';
const accountID = '111122223333';
const unrecordedAccountID = '444455556666';
const audiences = ['sts.amazonaws.com', 'sts.amazonaws.com.cn'];
const reader = { name: 'reader', issuer: 'row-18', bucket: 'none' };

let environment: Environment;
let workspace: Workspace;
let account: Clients;

beforeAll(async () => {
  environment = await Environment.start();
  await environment.install();
  workspace = await Workspace.create(environment, namespace);
  account = await environment.account(accountID, region);
  environment.front.state.withoutICP.add(unrecordedAccountID);
  await environment.startOperator({}, { environment: { ...environment.awsEnvironment, AWS_REGION: region } });
  const cluster = (name: string, release: string, secret = 'credential') =>
    awsCluster(namespace, name, { release, region, credential: secret, annotations: { [optIn]: '' } });
  await environment.kubectl(
    ['apply', '-f', '-'],
    await workloadKubeconfig(environment, { namespace, cluster: reader.issuer }),
  );
  await workspace.apply(
    credential(accountID, 'credential', 'aws-cn'),
    credential(unrecordedAccountID, 'unrecorded', 'aws-cn'),
    cluster('row-17', '17.4.2'),
    cluster('row-18', '18.4.0'),
    cluster('row-19', '19.0.0'),
    cluster('unrecorded', '19.0.0', 'unrecorded'),
    serviceAccount(reader.name),
    iamServiceAccount(reader.name, reader.issuer, { policies: { managed: ['AmazonS3ReadOnlyAccess'] } }),
  );
});

afterAll(() => environment?.stop());

test.each([
  { name: 'row-17', bucket: `${accountID}-g8s-row-17-oidc-pod-identity` },
  { name: 'row-18', bucket: `${accountID}-g8s-row-18-oidc-pod-identity-v2` },
  { name: 'row-19', bucket: `${accountID}-g8s-row-19-oidc-pod-identity-v2` },
])('AWSCluster $name in China gets an issuer in a public bucket, for both audiences', async ({ name, bucket }) => {
  await workspace.event('AWSCluster', name, 'IssuerReady');
  const { status } = await workspace.get<OIDCIssuerStatus>('oidcissuer', name);
  const place = `s3.cn-north-1.amazonaws.com.cn/${bucket}`;
  const arn = `arn:aws-cn:iam::${accountID}:oidc-provider/${place}`;
  expect(status?.issuerURL).toBe(`https://${place}`);
  expect(status?.providers).toMatchObject([{ url: `https://${place}`, arn, audiences, owned: true }]);
  const command = new GetOpenIDConnectProviderCommand({ OpenIDConnectProviderArn: arn });
  expect((await account.iam.send(command)).ClientIDList).toEqual(audiences);
});

test('an account without ICP recordal is told that S3 serves nothing of it to the public', async () => {
  const where = { type: 'ProvidersReady', reason: 'DocumentsNotServed' };
  const { message } = await workspace.condition('oidcissuer', 'unrecorded', where);
  expect(message).toContain('without ICP recordal');
});

test('pods get credentials from tokens for either audience', async () => {
  await workspace.ready(`iamserviceaccount/${reader.name}`);
  await rollControlPlane(environment, { namespace, issuer: reader.issuer, secret: 'row-18-service-account-v2' });
  const input = proofOf(workspace, reader);
  const arn = await annotatedRole(input);
  expect(arn).toMatch(new RegExp(`^arn:aws-cn:iam::${accountID}:role/`));
  for (const audience of audiences) {
    const token = await mintToken(input, input.subject, audience);
    const pod = await Pod.start(input, { token, roleARN: arn, region });
    const { accessKeyId } = await pod.assumeRole().finally(() => pod.stop());
    expect(accessKeyId).toMatch(/^ASIA/);
  }
});
