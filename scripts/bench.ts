/**
 * What N roles cost, on a real API server and the emulated AWS, with the operator as the image runs it. Prints figures; nothing
 * here passes or fails. `npm run bench -- --roles 1000 --policy-bytes 6000 --resync 2m`; docs/sizing.md
 */
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { DetachRolePolicyCommand } from '@aws-sdk/client-iam';
import { serviceLimits } from '../src/aws/limits.ts';
import type { Clients } from '../test/backends/aws/clients.ts';
import { GuardedDirectory } from '../test/backends/guard.ts';
import { Environment } from '../test/environment/environment.ts';
import { bundle, type Operator } from '../test/environment/operator.ts';
import { until } from '../test/environment/wait.ts';
import { oidcIssuer } from '../test/integration/objects.ts';
import { operatorRequests, ownAccountID, Workspace } from '../test/integration/workspace.ts';
import { Roles } from './bench/cluster.ts';
import { ControlGroup, NodeLauncher, shippedLimit } from './bench/machine.ts';
import { print } from './bench/report.ts';

const text = (standard: string) => ({ type: 'string', default: standard }) as const;
const { values: flags } = parseArgs({
  options: {
    roles: text('100'),
    'policy-bytes': text('150'),
    latency: text('50'),
    // Calls a second to IAM that the operator allows itself. A large number leaves the emulator as the bound.
    'iam-rate': text(String(serviceLimits.iam.callsPerSecond)),
    resync: text('20s'),
    // In MiB. Absent: as in config/manager/deployment.yaml.
    limit: { type: 'string' },
    // What the configuration says, if absent.
    concurrency: { type: 'string' },
    phases: text('created,at rest,restarted,drifted,deleted'),
    // Seconds for a phase: one that takes longer is broken off, and its figures are printed all the same.
    patience: { type: 'string' },
  },
});
const count = Number(flags.roles);
const latency = Number(flags.latency);
const iamRate = Number(flags['iam-rate']);
const issuer = 'bench';
const patience = Number(flags.patience ?? 60 + count);

const environment = await Environment.start();
// An IAM that knows each role at once. One that judges the first call on a new role without the role's path costs a look more.
environment.front.state.timing.callsWithoutPath = 0;
// As IAM does for listings that are not too long for it.
environment.front.state.timing.rolesOnPage = 1000;
const home = GuardedDirectory.create('irsa-bench');
const limit = Number(flags.limit ?? (await shippedLimit()));
const group = ControlGroup.create(limit);
const launcher = await NodeLauncher.create(home.path, group);

function startOperator(): Promise<Operator> {
  const config = {
    logLevel: 'info',
    intervals: { resync: flags.resync },
    callsPerSecond: { iam: iamRate },
    ...(flags.concurrency && { concurrency: Number(flags.concurrency) }),
  };
  const installed = { node: launcher.program, bundle, user: undefined };
  return environment.startOperator(config, { installed });
}

/** Runs one phase and prints its figures. `ended` says whether it has ended; it is told which roles were read meanwhile. */
async function phase(
  name: string,
  act: () => Promise<unknown>,
  ended: (read: ReadonlySet<string>) => boolean,
): Promise<void> {
  const { front } = environment;
  let { next } = await operatorRequests(environment, sinceAudit);
  front.clearCalls();
  const before = { start: performance.now(), cpu: launcher.look()?.cpuSeconds ?? 0, emulator: front.emulatorBusy };
  const read = new Set<string>();
  const requests: Record<string, number> = {};
  const take = async () => {
    const found = await operatorRequests(environment, next);
    next = found.next;
    for (const { verb, objectRef } of found.requests) {
      const what = `${verb} ${[objectRef?.resource, objectRef?.subresource].filter(Boolean).join('/')}`;
      requests[what] = (requests[what] ?? 0) + 1;
      if (verb === 'get' && objectRef?.resource === 'iamserviceaccounts') read.add(objectRef.name ?? '');
    }
  };
  await act();
  const isOver = async () => {
    await take();
    return ended(read) && front.inFlight === 0 ? true : undefined;
  };
  const isWhole = await until(name, isOver, patience).catch(() => false);
  const seconds = (performance.now() - before.start) / 1000;
  await take();
  sinceAudit = next;
  const now = launcher.look();
  const cpu = now?.cpuSeconds ?? 0;
  print(
    {
      phase: isWhole ? name : `${name}: broken off`,
      seconds,
      objects: count,
      calls: front.count(),
      mostInFlight: front.mostInFlight,
      requests,
      rss: now?.rss ?? 0,
      usage: group?.usage,
      // After a restart the process has a clock of its own.
      cpuSeconds: cpu < before.cpu ? cpu : cpu - before.cpu,
      emulatorSeconds: (front.emulatorBusy - before.emulator) / 1000,
    },
    { latency, iamRate },
  );
}

/** Takes the managed policy off one role in a hundred, and returns what tells whether all have it again. */
async function drift({ iam }: Clients): Promise<() => boolean> {
  const ours = [...environment.front.state.roles.values()].filter(({ path }) => path.startsWith('/irsa/'));
  const drifted = ours.filter((_, index) => index % 100 === 0);
  const taken = drifted.flatMap(({ name, managed }) =>
    [...managed].map((PolicyArn) => ({ RoleName: name, PolicyArn })),
  );
  for (const input of taken) await iam.send(new DetachRolePolicyCommand(input));
  return () => drifted.every(({ managed }) => managed.size > 0);
}

let sinceAudit = 0;

async function run(): Promise<void> {
  process.env['KUBECONFIG'] = environment.controlPlane.kubeconfig;
  await environment.install();
  const workspace = await Workspace.create(environment, 'bench');
  await workspace.account(ownAccountID);
  const roles = new Roles({ namespace: 'bench', issuer, count, policyBytes: Number(flags['policy-bytes']) });
  await roles.makeServiceAccounts();
  await roles.watch();
  let operator = await startOperator();
  await workspace.apply(oidcIssuer(issuer, { cluster: { inCluster: {} } }));
  await workspace.ready(`oidcissuer/${issuer}`);
  environment.front.latency = latency;
  await new Promise((resolve) => setTimeout(resolve, 5_000));
  const idle = launcher.look();
  const peaks = () =>
    `${launcher.look()?.peakRSS.toFixed(0)} MiB resident at the most${group ? `, ${group.peak.toFixed(0)} MiB in its control group of ${limit} MiB` : ''}`;
  console.log(
    `${count} roles, each with a managed and an inline policy of ${flags['policy-bytes']} bytes; ${latency} ms added to each AWS call; ` +
      `resync ${flags.resync}; load of the machine ${loadavg()[0]?.toFixed(1)}`,
  );
  console.log(
    `\nidle, with one issuer: ${idle?.rss.toFixed(0)} MiB resident${group ? `, ${group.usage.toFixed(0)} MiB in its control group` : ''}`,
  );

  const everyRole = (read: ReadonlySet<string>) => read.size === count;
  const quiet = () => {
    const last = environment.front.calls.at(-1)?.at ?? 0;
    return Date.now() - last > 300;
  };
  const restart = async () => {
    await operator.terminate();
    operator = await startOperator();
  };
  const phases: Readonly<Record<string, () => Promise<void>>> = {
    created: () =>
      phase(
        'created',
        () => roles.make(),
        () => roles.ready === count,
      ),
    'at rest': () => phase('at rest, until each role was looked at once', async () => {}, everyRole),
    restarted: () =>
      phase('after a restart, until each role was looked at once', restart, (read) => everyRole(read) && quiet()),
    drifted: async () => {
      const isRepaired = await drift(await environment.account(ownAccountID));
      await phase(
        'one role in a hundred drifted, until it is repaired and each role was looked at once',
        async () => {},
        (read) => everyRole(read) && isRepaired() && quiet(),
      );
    },
    deleted: () =>
      phase(
        'deleted',
        () => roles.delete(),
        () => roles.there === 0,
      ),
  };
  for (const name of flags.phases.split(',')) {
    const run = phases[name];
    if (!run) throw new Error(`there is no phase ${name}, but ${Object.keys(phases).join(', ')}`);
    await run();
    if (operator.exited) throw new Error('the operator died, probably for want of memory');
    console.log(`  so far ${peaks()}; ${roles.ready} roles are ready; load of the machine ${loadavg()[0]?.toFixed(1)}`);
  }
  console.log(`\nin all ${peaks()}`);
  roles.stop();
}

try {
  await run();
} finally {
  await environment.stop();
  await home.remove();
  group?.remove();
}
