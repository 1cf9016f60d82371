import { CreateHostedZoneCommand } from '@aws-sdk/client-route-53';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { Clients } from '../backends/aws/clients.ts';
import { workloadKubeconfig } from '../environment/cluster.ts';
import { inClone, installation } from '../environment/environment.ts';
import { counts, holdings } from '../environment/holdings.ts';
import { Lab } from '../environment/lab.ts';
import type { Tenant } from '../environment/tenant.ts';
import { until } from '../environment/wait.ts';

jest.setTimeout(180_000);

/** All four of config/samples. */
const namespace = 'org-acme';
const cluster = 'abcl0';
const accountID = '111122223333';
const zone = 'k8s.gauss.example.com';
const optIn = 'alpha.aws.giantswarm.io/iam-roles-for-service-accounts';

let lab: Lab;
let account: Clients;
beforeAll(async () => {
  lab = await Lab.start();
  account = await lab.environment.account(accountID);
  await account.route53.send(new CreateHostedZoneCommand({ Name: zone, CallerReference: zone }));
});
afterAll(() => lab?.stop());

/** A namespace with an AWSCluster and its issuer, an issuer by hand, and a ready IAMServiceAccount for each. */
async function busyNamespace(): Promise<Tenant> {
  const { environment } = lab;
  const tenant = await lab.tenant(namespace);
  await tenant.applyIssuer();
  await tenant.applyRole();
  await tenant.kubectl(['apply', '-f', inClone('config/samples/awscluster.yaml')]);
  await tenant.kubectl(['apply', '-f', '-'], await workloadKubeconfig(environment, { namespace, cluster }));
  await tenant.kubectl(['annotate', 'awscluster', cluster, `${optIn}=`]);
  await environment.kubectl(['apply', '-f', inClone('config/samples/serviceaccount.yaml')]);
  await tenant.kubectl(['apply', '-f', inClone('config/samples/iamserviceaccount.yaml')]);
  await until(
    'the issuer of the AWSCluster',
    async () => (await tenant.kubectl(['get', 'oidcissuer', cluster])) || undefined,
  );
  for (const kind of ['oidcissuer', 'iamserviceaccount']) {
    await tenant.kubectl(['wait', '--for=condition=Ready', kind, '--all', '--timeout=60s']);
  }
  return tenant;
}

const everything = {
  bucket: 1,
  object: 2,
  certificate: 1,
  originAccessControl: 1,
  distribution: 1,
  record: 3,
  role: 1,
};

test('a namespace that is deleted, its Secrets first, ends, and leaves only the bucket with the global name', async () => {
  await lab.startOperator();
  const tenant = await busyNamespace();
  expect(counts(await tenant.holdings())).toEqual({ ...everything, provider: 1 });
  // The issuer of the AWSCluster has two URLs, and a function that tells its readers apart.
  expect(counts(await holdings(account))).toEqual({ ...everything, function: 1, provider: 2 });

  await tenant.kubectl(['delete', 'secret', '--all']);
  await lab.environment.kubectl(['delete', 'namespace', namespace, '--timeout=60s']);
  expect(await tenant.holdings()).toEqual([]);
  expect(await holdings(account)).toEqual([
    {
      kind: 'bucket',
      name: `${accountID}-g8s-${cluster}-oidc-pod-identity-v2`,
      tags: expect.objectContaining({
        'irsa.giantswarm.io/installation': installation,
        'irsa.giantswarm.io/owner': `OIDCIssuer/${namespace}/${cluster}`,
      }),
    },
  ]);
});

test('with globalName Delete it leaves nothing, although the operator looks only when all Secrets are gone', async () => {
  const tenant = await busyNamespace();
  await tenant.kubectl([
    'patch',
    'oidcissuer',
    cluster,
    '--type=merge',
    '--patch={"spec":{"bucket":{"globalName":"Delete"}}}',
  ]);
  await lab.killOperator();
  await tenant.kubectl(['delete', 'secret', '--all']);
  await lab.environment.kubectl(['delete', 'namespace', namespace, '--wait=false']);
  await lab.startOperator();
  await lab.environment.kubectl(['wait', '--for=delete', `namespace/${namespace}`, '--timeout=60s']);
  expect(await tenant.holdings()).toEqual([]);
  expect(await holdings(account)).toEqual([]);
});
