/**
 * What the operator itself costs, without networks: passes over many IAMServiceAccounts on the in-memory API server and AWS.
 * Prints figures; nothing here passes or fails. `npm run benchmark [roles]`
 */
import { performance } from 'node:perf_hooks';
import { iamServiceAccounts, serviceAccounts } from '../src/api/resources.ts';
import { account, Story } from '../test/reconcilers/iam-service-account/story.ts';

const count = Number(process.argv[2] ?? 1000);
const names = Array.from({ length: count }, (_, index) => `role-${index}`);
const story = new Story();
for (const name of names) {
  story.workload.seed(serviceAccounts, { metadata: { namespace: 'default', name } });
  story.kube.seed(iamServiceAccounts, account({ subjects: [{ namespace: 'default', name }] }, name));
}

async function measure(what: string): Promise<void> {
  story.forget();
  const start = performance.now();
  for (const name of names) await story.reconcile(name);
  const milliseconds = performance.now() - start;
  const { calls, writes } = story.aws;
  const figures = [
    `${(milliseconds / count).toFixed(2)} ms a pass`,
    `${(calls.length / count).toFixed(1)} AWS calls, ${(writes.length / count).toFixed(1)} of them writes`,
    `${(story.kube.writes.length / count).toFixed(1)} Kubernetes writes`,
  ];
  console.log(`${what.padEnd(24)} ${figures.join(' · ')}`);
}

console.log(`${count} IAMServiceAccounts with one managed and one inline policy each, one after the other`);
await measure('new');
await measure('at rest');
