import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Clients } from '../test/backends/aws/clients.ts';
import { Environment } from '../test/environment/environment.ts';
import { rollControlPlane, workloadKubeconfig } from '../test/environment/cluster.ts';
import { holdings } from '../test/environment/holdings.ts';
import { until } from '../test/environment/wait.ts';
import type { ProofInput } from '../test/proof/input.ts';
import { provePolicyChange } from '../test/proof/policy-change.ts';
import { runProof } from '../test/proof/proof.ts';
import { furnish, trustPolicy } from './aws.ts';
import { Story } from './story.ts';

const { values: flags } = parseArgs({ options: { keep: { type: 'boolean', default: false } } });

const namespace = 'org-acme';
const cluster = 'abcl0';
const zone = 'k8s.gauss.example.com';
const bucket = 'acme-echo';
const accountID = '111122223333';
const optIn = 'alpha.aws.giantswarm.io/iam-roles-for-service-accounts';
const podIdentity = 'irsa.giantswarm.io/pod-identity';
/** The policy of config/samples/iamserviceaccount.yaml, for every object of the bucket. */
const wholeBucket = `
spec:
  policies:
    inline:
      - name: write-echoes
        document: |
          {
            "Version": "2012-10-17",
            "Statement": [{ "Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::${bucket}/*" }]
          }
`;

const other = 'globex';
/** Of a tenant that would publish keys of its own under the other's name. */
const othersIssuer = `
apiVersion: irsa.giantswarm.io/v1alpha1
kind: OIDCIssuer
metadata:
  name: ${cluster}
  namespace: ${other}
spec:
  region: eu-central-1
  account:
    roleARN: arn:aws:iam::${accountID}:role/admin
  hosting:
    cloudFront:
      alias: irsa.evil.${zone}
  signingKeys:
    generate:
      secretName: own-keys
`.trimStart();

console.log(`irsa-operator: from an annotated cluster to a pod with AWS credentials.
All on this machine: a real Kubernetes API server, an emulated AWS, and the operator as a process. The cluster is one of
Giant Swarm's, whose AWSCluster opts in; docs/getting-started.md is for any other.
The kubectl commands below go to a cluster of the demo's own; with \`npm run demo -- --keep\` it stays, for you to type along.`);

const started = Date.now();
const environment = await Environment.start();
try {
  await tell(environment);
} catch (error) {
  console.error(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
} finally {
  if (!flags.keep || process.exitCode) await environment.stop();
}

async function tell(environment: Environment): Promise<void> {
  const story = new Story((args) => environment.kubectl(args), started);

  story.chapter('A cluster and an AWS on this machine');
  story.say(
    `kube-apiserver, etcd and kube-controller-manager at ${environment.controlPlane.url}, started in ${seconds(started)} s`,
  );
  const account = await environment.account(accountID);
  await furnish(account, zone, bucket);
  story.say(`AWS account ${accountID}: the public zone ${zone} and the bucket ${bucket}, and nothing else`);

  story.chapter('Install the operator');
  await story.run('apply -k config/crd');
  await story.run('apply -k config/default');
  story.say('The kinds AWSCluster and Cluster, which other operators bring:');
  await story.run('apply -f test/crds');
  await story.run('wait --for=condition=Established crd --all --timeout=30s');
  story.say('What the operator may do for AWSClusters, and the Guardrail that lets those in org-* opt in:');
  await story.run('apply -k config/components/aws-cluster');
  story.say('There is no node to run the Deployment on: the operator runs as a process, under the service account');
  story.say('irsa-system/irsa-operator and its RBAC.');
  const operator = await environment.startOperator();

  story.chapter('A cluster that opts in by an annotation');
  await story.run('apply -f config/samples/namespace.yaml');
  await story.run(`apply -k config/components/secrets --namespace ${namespace}`);
  story.say('What an administrator grants this organization; without it nothing is sent to AWS:');
  await story.run('apply -f config/samples/guardrail.yaml');
  await story.run('apply -f config/samples/awscluster.yaml');
  story.say(
    "The cluster's kubeconfig, as its provisioner puts it into a Secret. Its user may annotate service accounts, and",
  );
  story.say('keep the one policy of config/components/pod-identity, which stands for the pod identity webhook:');
  const kubeconfig = join(environment.controlPlane.dir, `${cluster}-kubeconfig.yaml`);
  await writeFile(kubeconfig, await workloadKubeconfig(environment, { namespace, cluster }), { mode: 0o600 });
  await story.run(`apply -f ${kubeconfig}`);
  await story.run(`annotate awscluster ${cluster} --namespace ${namespace} ${optIn}="" ${podIdentity}=Policy`);
  await story.run(`wait --for=create oidcissuer/${cluster} --namespace ${namespace} --timeout=30s`);
  await story.run(`wait --for=condition=Ready oidcissuer/${cluster} --namespace ${namespace} --timeout=60s`);
  const events = `get events --namespace ${namespace} --field-selector involvedObject.kind=AWSCluster`;
  // The AWSCluster's own controller says it, a moment after the issuer is Ready.
  await until('the event that names the issuer', async () =>
    (await environment.kubectl(events.split(' '))).includes('IssuerReady') ? true : undefined,
  );
  await story.run(`${events} -o custom-columns=REASON:.reason,MESSAGE:.message`);

  story.chapter('Roll the control plane: it signs with the key that the operator generated');
  const issuerURL = await rollControlPlane(environment, {
    namespace,
    issuer: cluster,
    secret: `${cluster}-service-account-v2`,
  });
  story.say(`kube-apiserver --service-account-issuer=${issuerURL} --service-account-signing-key-file=…`);
  story.say('Tokens of the old key stay valid, and the operator lives through it.');

  story.chapter('A role for a service account');
  await story.run('apply -f config/samples/serviceaccount.yaml');
  await story.run('apply -f config/samples/iamserviceaccount.yaml');
  await story.run(`wait --for=condition=Ready iamserviceaccount/s3-echoer --namespace ${namespace} --timeout=60s`);

  story.chapter('Proof: what a pod of default/s3-echoer gets, and what others do not');
  story.say('No webhook runs here: the API server itself gives the pod its volume and variables.');
  const input: ProofInput = {
    controlPlane: environment,
    front: environment.front,
    edge: environment.aws.edge,
    issuer: { namespace, name: cluster },
    iamServiceAccount: { namespace, name: 's3-echoer' },
    subject: { namespace: 'default', name: 's3-echoer' },
    writes: { bucket, allowed: 'echo/hello', refused: 'reports/2026' },
    makesPod: true,
  };
  const table: string[] = [];
  for await (const { step, text } of runProof(input)) {
    if (step === 'trust') table.push(...text.split('\n'));
    else
      story.say(
        text
          .split('\n')
          .map((line, index) => `${(index === 0 ? step : '').padEnd(16)}${line}`)
          .join('\n'),
      );
  }
  story.say(
    `The pod may write below ${bucket}/echo/. A change to all of ${bucket} reaches it, and so does taking that back:`,
  );
  const change = {
    allow: () =>
      story.run(`patch iamserviceaccount s3-echoer --namespace ${namespace} --type=merge -p '${wholeBucket}'`),
    takeBack: () => story.run('apply -f config/samples/iamserviceaccount.yaml'),
  };
  for await (const { text } of provePolicyChange(input, change)) story.say(text);

  story.chapter('Another tenant, whom no administrator granted anything, names the same AWS account');
  await refuseOther(environment, story);

  story.chapter('What stands now');
  await story.run('get irsa -A');
  story.say('');
  await story.status(`get oidcissuer ${cluster} --namespace ${namespace} -o yaml`);
  await story.status(`get iamserviceaccount s3-echoer --namespace ${namespace} -o yaml`);
  story.say(`AWS account ${accountID}:`);
  for (const { kind, name } of await holdings(account)) story.say(`  ${kind.padEnd(20)} ${name}`);
  story.say('');
  const { status } = JSON.parse(
    await environment.kubectl(['get', 'iamserviceaccount', 's3-echoer', '-n', namespace, '-o', 'json']),
  ) as { status: { roleARN: string } };
  story.say('The trust policy of the role:');
  story.say(await trustPolicy(account, status.roleARN));
  story.say('Who may assume it:');
  story.say(table.map((line) => `  ${line}`).join('\n'));
  story.say(`\nDone in ${seconds(started)} s.`);
  if (flags.keep) await keep(environment, account, operator.logFile);
  account.destroy();
}

/** In its own namespace a tenant may write what it likes; the operator tells it what an administrator would have to write. */
async function refuseOther(environment: Environment, story: Story): Promise<void> {
  await story.run(`create namespace ${other}`);
  const file = join(environment.controlPlane.dir, `${other}.yaml`);
  await writeFile(file, othersIssuer);
  story.say(othersIssuer);
  await story.run(`apply -f ${file}`);
  const wait = `wait --for=condition=Accepted=False oidcissuer/${cluster} --namespace ${other} --timeout=30s`;
  await story.run(wait);
  await story.run(
    `get oidcissuer ${cluster} --namespace ${other} -o jsonpath='{.status.conditions[?(@.type=="Accepted")].message}'`,
  );
}

function seconds(since: number): string {
  return ((Date.now() - since) / 1000).toFixed(1);
}

/** Leaves everything running until Ctrl-C. */
async function keep(environment: Environment, account: Clients, logFile: string): Promise<void> {
  const { kubeconfig, dir } = environment.controlPlane;
  const shell = join(dir, 'aws.env');
  await writeFile(shell, await awsVariables(environment, account));
  console.log(`
Everything runs until you press Ctrl-C. In another terminal, in this folder:

  export KUBECONFIG=${kubeconfig}
  kubectl get irsa -A -o wide
  kubectl describe oidcissuer ${cluster} -n ${namespace}
  . ${shell} && aws iam list-roles   # if you have the AWS CLI: account ${accountID}
  kubectl edit iamserviceaccount s3-echoer -n ${namespace}     # change a policy, see it applied
  kubectl apply -f config/samples/oidcissuer.yaml         # an issuer by hand: read what it waits for
  kubectl delete iamserviceaccount s3-echoer -n ${namespace}   # its role goes, and the annotation with it
  kubectl apply -f config/samples/iamserviceaccount.yaml  # and comes back
  tail ${logFile}
`);
  await new Promise<void>((resolve) => process.once('SIGINT', resolve).once('SIGTERM', resolve));
  await environment.stop();
  console.log('Stopped; nothing is left running.');
}

/** For the AWS CLI, which is then in the account of the cluster. */
async function awsVariables(environment: Environment, account: Clients): Promise<string> {
  const { accessKeyId, secretAccessKey, sessionToken = '' } = await account.iam.config.credentials();
  const variables = {
    AWS_ENDPOINT_URL: environment.front.url,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: sessionToken,
    AWS_DEFAULT_REGION: account.region,
  };
  return `unset AWS_PROFILE\nexport NO_PROXY=127.0.0.1\n${Object.entries(variables)
    .map(([name, value]) => `export ${name}=${value}`)
    .join('\n')}\n`;
}
