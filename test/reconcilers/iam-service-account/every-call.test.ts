import { expect, test } from '@jest/globals';
import type { IAMServiceAccountSpec } from '../../../src/api/generated/iam-service-account.ts';
import type { KubernetesObject } from '../../../src/api/meta.ts';
import { iamServiceAccounts, oidcIssuers, serviceAccounts } from '../../../src/api/resources.ts';
import { minutes } from '../../../src/runtime/duration.ts';
import type { FakeRole } from '../../fakes/aws/iam.ts';
import { FakeKube } from '../../fakes/kube.ts';
import { Kill, type KillOptions } from '../../fakes/gate.ts';
import { accountID as own, document, issuer, readOnly, ref, roleName, siteOf, Story } from './story.ts';

const second = '444455556666';
const way = `arn:aws:iam::${second}:role/irsa`;
const boundary = 'arn:aws:iam::aws:policy/PowerUserAccess';
const defaultARN = (account: string) => `arn:aws:iam::${account}:role/irsa/test/default/${roleName}`;

type Spec = Partial<IAMServiceAccountSpec>;
type Statement = Readonly<Record<string, unknown>>;

const before: Spec = {
  role: { management: 'Full', description: 'before', maxSessionDuration: '1h' },
  tags: { team: 'a', stage: 'test' },
};
const byAction = (Action: string) =>
  JSON.stringify({ Version: '2012-10-17', Statement: { Effect: 'Allow', Action, Resource: '*' } });
/** Everything that can change, at once. */
const changed = {
  issuerRefs: [
    { namespace: '', name: 'abcl0' },
    { namespace: '', name: 'west' },
  ],
  subjects: [
    { namespace: 'default', name: 'writer' },
    { namespace: 'team-*', name: '*' },
  ],
  role: { description: 'after', maxSessionDuration: '2h', permissionsBoundary: boundary },
  policies: {
    managed: ['AmazonSQSFullAccess'],
    inline: [
      { name: 'echo', document: byAction('s3:GetObject') },
      { name: 'queue', document: byAction('sqs:*') },
    ],
  },
  tags: { team: 'b', stage: null, cost: '1' },
  serviceAccountPolicy: 'Create',
  session: { regionalSTS: true },
};
/** The same of a role of which we have only the trust. */
const trustChanged = {
  ...{ issuerRefs: changed.issuerRefs, subjects: changed.subjects },
  ...{ serviceAccountPolicy: changed.serviceAccountPolicy, session: changed.session },
};

/** The same fields as they were. */
const trustAsBefore = {
  issuerRefs: [{ namespace: '', name: 'abcl0' }],
  subjects: [{ namespace: 'default', name: 's3-reader' }],
  ...{ serviceAccountPolicy: 'Annotate', session: null },
};
const asBefore = {
  ...trustAsBefore,
  role: { ...before.role, permissionsBoundary: null },
  policies: { managed: ['AmazonS3ReadOnlyAccess'], inline: [{ name: 'echo', document }] },
  tags: { ...before.tags, cost: null },
};

const theirs: readonly Statement[] = [
  { Sid: 'Lambda', Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' },
  { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${own}:root` }, Action: 'sts:AssumeRole' },
];

/** Two issuers with a cluster each, registered in two accounts, and an operator that can be killed. */
class Killable extends Story {
  readonly west = new FakeKube(this.clock);
  /** What somebody else lost, at any moment. */
  readonly harm: string[] = [];

  constructor(spec: Spec) {
    super(spec);
    this.workloads.set('west', this.west);
    this.seedSecret('west-kubeconfig', { value: 'west' });
    for (const name of ['abcl0', 'west']) this.seedIssuer(name);
    this.west.seed(serviceAccounts, { metadata: { namespace: 'default', name: 's3-reader' } });
  }

  static async ready(spec: Spec): Promise<Killable> {
    const story = new Killable(spec);
    await story.settle();
    return story;
  }

  seedIssuer(name: string): void {
    const host = `irsa.${name}.example.com`;
    const url = `https://${host}`;
    const provider = (accountID: string) => ({
      ...{ url, arn: `arn:aws:iam::${accountID}:oidc-provider/${host}`, accountID },
      ...{ audiences: ['sts.amazonaws.com'], owned: true },
    });
    const status = { issuerURL: url, accountID: own, sites: [siteOf(url)], providers: [own, second].map(provider) };
    const cluster = { kubeconfigSecretRef: { name: `${name}-kubeconfig`, key: 'value' } };
    this.kube.seed(oidcIssuers, issuer(name, { status, spec: { cluster, additionalAccounts: [{ roleARN: way }] } }));
  }

  /** A role that Terraform made. */
  makeTheirs(): this {
    this.iam.CreateRole({
      RoleName: 'theirs',
      Path: '/',
      Description: 'theirs',
      AssumeRolePolicyDocument: JSON.stringify({ Version: '2012-10-17', Id: 'theirs', Statement: theirs }),
      Tags: [{ Key: 'terraform', Value: 'true' }],
    });
    const made = this.iam.roles.get('theirs');
    if (!made) throw new Error('their role is not there');
    const managed = new Set(['arn:aws:iam::aws:policy/AdministratorAccess']);
    this.iam.roles.set('theirs', { ...made, createdAt: new Date(0), managed });
    return this;
  }

  /** A Guardrail lists their role, and the object asks for it. */
  mayAdopt(): this {
    this.admission.role = () => ({ allowed: true, guardrail: 'everything', existingRole: true });
    this.kube.edit(iamServiceAccounts, ref, { metadata: { annotations: { 'irsa.giantswarm.io/adopt': 'true' } } });
    return this;
  }

  /** Of a role that stays somebody else's, each statement has to stand to the letter after each call. */
  #watchTheirs(call: string): void {
    if (this.object.spec.role?.management !== 'TrustOnly') return;
    const role = this.iam.roles.get('theirs');
    const { Id, Statement = [] } = JSON.parse(role?.trustPolicy ?? '{}') as { Id?: string; Statement?: Statement[] };
    const kept = JSON.stringify(Statement.slice(0, theirs.length)) === JSON.stringify(theirs) && Id === 'theirs';
    const same = role?.tags['terraform'] === 'true' && Object.keys(role.tags).length === 1 && role.managed.size === 1;
    if (!kept || !same || role.description !== 'theirs') this.harm.push(`after ${call}: ${JSON.stringify(role)}`);
  }

  /** Kills the operator at that call, in what it does from here on. */
  kill(last: number, options: KillOptions): Kill {
    const kill = new Kill(last, options);
    const { kube, workload, west } = this;
    this.aws.gatesReads = true;
    this.aws.gate = (call, act) =>
      kill.gate(call, () => {
        const result = act();
        this.#watchTheirs(call);
        return result;
      });
    for (const each of [kube, workload, west]) each.gate = kill.gate;
    return kill;
  }

  /** Another process, to which nothing happens, and that remembers nothing. */
  revive(): void {
    for (const each of [this.aws, this.kube, this.workload, this.west]) each.gate = (_, act) => act();
    this.accounts = this.aws.accounts();
    this.restart();
  }

  /** As many passes as the work queue would make of it. */
  async settle(): Promise<void> {
    for (let tries = 0; tries < 4 && !this.isGone && !this.#isReady; tries++) {
      await this.reconcile();
      if (!this.isGone && !this.#isReady) await this.clock.advance(minutes(1));
    }
  }

  get #isReady(): boolean {
    const ready = this.object.status?.conditions?.find(({ type }) => type === 'Ready');
    const { deletionTimestamp, generation } = this.object.metadata;
    return deletionTimestamp === undefined && ready?.status === 'True' && ready.observedGeneration === generation;
  }

  /** All that stands on AWS and in the clusters, a line each. */
  get standing(): string[] {
    const roles = [...this.aws.allAccounts()].flatMap(({ iam }) => [...iam.roles.values()].flatMap(linesOf));
    const places = Object.entries({ abcl0: this.workload, west: this.west });
    const marked = places.flatMap(([cluster, kube]) =>
      kube.all<KubernetesObject>(serviceAccounts).map(({ metadata: { namespace, name, annotations, labels } }) => {
        const carried = Object.entries({ ...annotations, ...labels }).map(([key, value]) => `${key}=${value}`);
        return `${cluster}: ${namespace}/${name} ${carried.toSorted().join(' ')}`.trim();
      }),
    );
    return [...roles, ...marked, this.isGone ? 'gone' : `Ready is ${this.condition('Ready')?.status}`];
  }
}

function linesOf({
  arn,
  tags,
  description,
  maxSessionDuration,
  permissionsBoundary,
  managed,
  inline,
  trustPolicy,
}: FakeRole) {
  const { Statement } = JSON.parse(trustPolicy) as { Statement: readonly Statement[] };
  const listed = (entries: Iterable<string>) => [...entries].toSorted().join(' ');
  return [
    `${arn}: ${description}, ${maxSessionDuration}, ${permissionsBoundary}`,
    `${arn} tags ${listed(Object.entries(tags).map(([key, value]) => `${key.replace('irsa.giantswarm.io/', '')}=${value}`))}`,
    `${arn} managed ${listed(managed)}`,
    `${arn} inline ${listed([...inline].map(([name, text]) => `${name}=${(/"Action":"([^"]*)"/.exec(text) ?? [])[1]}`))}`,
    ...Statement.map((each) => `${arn} ${trustOf(each)}`),
  ].map((line) => line.trim());
}

function trustOf({ Effect, Principal, Condition }: Statement): string {
  const [who] = Object.values(Principal as Record<string, string>);
  const tests = Object.entries((Condition ?? {}) as Record<string, Record<string, string[]>>);
  const subs = tests.flatMap(([operator, values]) =>
    Object.entries(values).map(([key, list]) => `${operator} ${key.replace(/.*:/, '')} ${[list].flat().join(',')}`),
  );
  return `${String(Effect)} ${who}: ${subs.join('; ')}`;
}

const ownershipTags = 'cluster=abcl0 home=home-of-test installation=test owner=IAMServiceAccount/default/s3-reader';
const reader = 'system:serviceaccount:default:s3-reader';
const trusts = (account: string, name: string) =>
  `Allow arn:aws:iam::${account}:oidc-provider/irsa.${name}.example.com: StringEquals aud sts.amazonaws.com`;
const writers = 'StringLike sub system:serviceaccount:default:writer,system:serviceaccount:team-*:*';
const bothClusters = (account: string) => ['abcl0', 'west'].map((name) => `${trusts(account, name)}; ${writers}`);
const label = 'irsa.giantswarm.io/pod-identity=true';
const untouched = ['abcl0: default/s3-reader', 'west: default/s3-reader'];
const annotated = (arn: string) => [
  `abcl0: default/s3-reader eks.amazonaws.com/role-arn=${arn} ${label}`,
  'west: default/s3-reader',
];
const created = (arn: string) =>
  ['abcl0', 'west'].flatMap((cluster) => [
    `${cluster}: default/s3-reader`,
    `${cluster}: default/writer app.kubernetes.io/managed-by=irsa-operator eks.amazonaws.com/role-arn=${arn} eks.amazonaws.com/sts-regional-endpoints=true ${label}`,
  ]);

const roleBefore = (account: string, arn = defaultARN(account)) => [
  `${arn}: before, 3600, undefined`,
  `${arn} tags ${ownershipTags} stage=test team=a`,
  `${arn} managed ${readOnly}`,
  `${arn} inline echo=s3:PutObject`,
  `${arn} ${trusts(account, 'abcl0')}; StringEquals sub ${reader}`,
];
const roleAfter = (account: string, arn = defaultARN(account)) => [
  `${arn}: after, 7200, ${boundary}`,
  `${arn} tags cluster=abcl0 cost=1 ${ownershipTags.slice('cluster=abcl0 '.length)} team=b`,
  `${arn} managed arn:aws:iam::aws:policy/AmazonSQSFullAccess`,
  `${arn} inline echo=s3:GetObject queue=sqs:*`,
  ...bothClusters(account).map((line) => `${arn} ${line}`),
];
const theirARN = `arn:aws:iam::${own}:role/theirs`;
const theirRole = [
  `${theirARN}: theirs, 3600, undefined`,
  `${theirARN} tags terraform=true`,
  `${theirARN} managed arn:aws:iam::aws:policy/AdministratorAccess`,
  `${theirARN} inline`,
  `${theirARN} Allow lambda.amazonaws.com:`,
  `${theirARN} Allow arn:aws:iam::${own}:root:`,
];

interface Work {
  readonly begin: () => Promise<Killable>;
  /** What a user does, before the operator does its part. */
  readonly ask?: (story: Killable) => void;
  /** What a user does before another operator is there. */
  readonly then?: (story: Killable) => void;
  readonly end: readonly string[];
}

const elsewhere: Spec = { ...before, account: { roleARN: way } };
const trustOnly: Spec = { policies: {}, role: { name: 'theirs', management: 'TrustOnly' } };
const adopting: Spec = { ...before, role: { ...before.role, name: 'theirs', path: '/', management: 'Full' } };
const trustOnlyReady = async () => {
  const story = new Killable(trustOnly).makeTheirs();
  await story.settle();
  return story;
};
const adopter = () => new Killable(adopting).makeTheirs().mayAdopt();
const adopted = async () => {
  const story = adopter();
  await story.settle();
  return story;
};
const change = (story: Killable) => story.edit(changed);
const remove = (story: Killable) => story.delete();

const works: Readonly<Record<string, Work>> = {
  'makes a role': {
    begin: async () => new Killable(before),
    end: [...roleBefore(own), ...annotated(defaultARN(own)), 'Ready is True'],
  },
  'changes all of a role': {
    begin: () => Killable.ready(before),
    ask: change,
    end: [...roleAfter(own), ...created(defaultARN(own)), 'Ready is True'],
  },
  'deletes a role': {
    begin: () => Killable.ready(before),
    ask: remove,
    end: [...untouched, 'gone'],
  },
  'deletes a role and the service accounts that it made': {
    begin: async () => {
      const story = await Killable.ready(before);
      story.edit(changed);
      await story.settle();
      return story;
    },
    ask: remove,
    end: [...untouched, 'gone'],
  },
  'makes a role in another account': {
    begin: async () => new Killable(elsewhere),
    end: [...roleBefore(second), ...annotated(defaultARN(second)), 'Ready is True'],
  },
  'changes all of a role in another account': {
    begin: () => Killable.ready(elsewhere),
    ask: change,
    end: [...roleAfter(second), ...created(defaultARN(second)), 'Ready is True'],
  },
  'deletes a role in another account': {
    begin: () => Killable.ready(elsewhere),
    ask: remove,
    end: [...untouched, 'gone'],
  },
  "puts its statement into somebody else's role": {
    begin: async () => new Killable(trustOnly).makeTheirs(),
    end: [
      ...[...theirRole, `${theirARN} ${trusts(own, 'abcl0')}; StringEquals sub ${reader}`],
      ...[...annotated(theirARN), 'Ready is True'],
    ],
  },
  "changes its statement in somebody else's role": {
    begin: trustOnlyReady,
    ask: (story) => story.edit(trustChanged),
    end: [
      ...[...theirRole, ...bothClusters(own).map((line) => `${theirARN} ${line}`)],
      ...[...created(theirARN), 'Ready is True'],
    ],
  },
  "takes its statement out of somebody else's role": {
    begin: trustOnlyReady,
    ask: remove,
    end: [...theirRole, ...untouched, 'gone'],
  },
  'adopts a role': {
    begin: async () => adopter(),
    end: [
      ...roleBefore(own, theirARN).map((line) => line.replace(/(tags .*)$/, '$1 terraform=true')),
      ...[...annotated(theirARN), 'Ready is True'],
    ],
  },
  'changes all of a role that it adopted': {
    begin: adopted,
    ask: change,
    end: [
      ...roleAfter(own, theirARN).map((line) => line.replace(/(tags .*)$/, '$1 terraform=true')),
      ...[...created(theirARN), 'Ready is True'],
    ],
  },
  'makes a role that nobody wants any more': {
    begin: async () => new Killable(before),
    then: remove,
    end: [...untouched, 'gone'],
  },
  'makes a role in another account that nobody wants any more': {
    begin: async () => new Killable(elsewhere),
    then: remove,
    end: [...untouched, 'gone'],
  },
  'changes all of a role that is wanted as before': {
    begin: () => Killable.ready(before),
    ask: change,
    then: (story) => story.edit(asBefore),
    end: [...roleBefore(own), ...annotated(defaultARN(own)), 'Ready is True'],
  },
  'changes all of a role that nobody wants any more': {
    begin: () => Killable.ready(before),
    ask: change,
    then: remove,
    end: [...untouched, 'gone'],
  },
  "changes its statement in somebody else's role, which is wanted as before": {
    begin: trustOnlyReady,
    ask: (story) => story.edit(trustChanged),
    then: (story) => story.edit(trustAsBefore),
    end: [
      ...[...theirRole, `${theirARN} ${trusts(own, 'abcl0')}; StringEquals sub ${reader}`],
      ...[...annotated(theirARN), 'Ready is True'],
    ],
  },
  "puts its statement into somebody else's role, where nobody wants it any more": {
    begin: async () => new Killable(trustOnly).makeTheirs(),
    then: remove,
    end: [...theirRole, ...untouched, 'gone'],
  },
  'deletes a role that it adopted': { begin: adopted, ask: remove, end: [...untouched, 'gone'] },
};

/** Does the work up to that call, and goes on with another operator. Undefined: there was no such call. */
async function killed(
  { begin, ask, then, end }: Work,
  last: number,
  options: KillOptions,
): Promise<string[] | undefined> {
  const story = await begin();
  ask?.(story);
  const kill = story.kill(last, options);
  await story.settle().catch(() => undefined);
  if (kill.where === undefined) return undefined;
  then?.(story);
  story.revive();
  await story.settle();
  const problems = [...story.harm];
  const found = story.standing.toSorted().join('\n');
  if (found !== end.toSorted().join('\n')) problems.push(found);
  if (!story.isGone) {
    story.forget();
    await story.reconcile();
    const writes = [story.aws.writes, ...[story.kube, story.workload, story.west].map((kube) => kube.writes)].flat();
    if (writes.length > 0) problems.push(`it writes again: ${JSON.stringify(writes)}`);
  }
  return problems.map((problem) => `killed ${options.tookEffect ? 'after' : 'before'} ${kill.where}: ${problem}`);
}

const cases = Object.entries(works).flatMap(([name, work]) => [
  { name, work, tookEffect: false },
  { name, work, tookEffect: true },
]);

test.each(cases)(
  'an operator that $name comes to the same end at whichever call it is killed (that took effect: $tookEffect)',
  async ({ work, tookEffect }) => {
    const uncut = await work.begin();
    work.ask?.(uncut);
    await uncut.settle();
    work.then?.(uncut);
    await uncut.settle();
    expect(uncut.standing.toSorted()).toEqual(work.end.toSorted());

    const problems: string[] = [];
    let kills = 0;
    for (; ; kills++) {
      const found = await killed(work, kills, { tookEffect });
      if (!found) break;
      problems.push(...found);
    }
    expect(problems).toEqual([]);
    expect(kills).toBeGreaterThan(3);
  },
  60_000,
);
