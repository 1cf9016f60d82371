import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { GuardrailSpec } from '../../../src/api/generated/guardrail.ts';
import type { Guardrail } from '../../../src/api/kinds.ts';
import type { KubernetesObject } from '../../../src/api/meta.ts';
import { iamServiceAccounts, namespaces, oidcIssuers, serviceAccounts } from '../../../src/api/resources.ts';
import {
  guardrailIndex,
  Guardrails,
  namespaceIndex,
  roleAgeIndex,
} from '../../../src/controllers/guardrails/guardrails.ts';
import { minutes } from '../../../src/runtime/duration.ts';
import type { Index } from '../../../src/runtime/lookup.ts';
import type { FakeRole } from '../../fakes/aws/iam.ts';
import { type Circumstances, Overseer, theirStatements } from './overseer.ts';
import { type Change, customerPolicies, issuers, type Life, life, type RandomIssuer, second } from './random-specs.ts';
import { account, accountID as own, issuer, ref, siteOf, Story } from './story.ts';

const owner = 'IAMServiceAccount/default/s3-reader';

/** A story with Guardrails, many issuers, several accounts, and roles of somebody else in them. */
class RandomStory extends Story implements Circumstances {
  readonly #guardrails = guardrailIndex();
  readonly #namespaces = namespaceIndex();
  readonly #roleAges = roleAgeIndex();
  guardrails: readonly GuardrailSpec[] = [];
  team = 'a';

  constructor({ spec, guardrails: inForce, adopts, changes }: Life) {
    super(spec);
    const judge = new Guardrails({
      ...{ guardrails: this.#guardrails, namespaces: this.#namespaces, roleAges: this.#roleAges },
      ...{ installation: 'test', partition: 'aws' },
    });
    this.admission.role = (request) => judge.role(request);
    this.seedSecret('abcl0-kubeconfig', { value: this.kubeconfig }, 'platform');
    this.labelNamespace('a');
    this.kube.seed(serviceAccounts, { metadata: { namespace: 'default', name: 's3-reader' } });
    tell(this.#roleAges, this.object);
    const edits = changes.flatMap((change) => (change.what === 'edit' ? change.spec.issuerRefs : []));
    const named = [...(spec.issuerRefs ?? []), ...edits].map((each) => each?.name);
    this.kube.remove(oidcIssuers, { namespace: 'default', name: 'abcl0' });
    for (const each of issuers) if (named.includes(each.name)) this.seedIssuer(each);
    this.setGuardrails(inForce);
    for (const id of [own, second]) {
      for (const name of ['theirs', 'admin']) this.seedTheirs(id, name);
      for (const arn of customerPolicies.filter((each) => each.includes(id)))
        this.aws.account(id).iam.policies.add(arn);
    }
    if (adopts) this.annotateAdopt(true);
  }

  seedIssuer({ host, accounts, roleARN, inCluster, audiences, admits, ...name }: RandomIssuer): void {
    const url = `https://${host}`;
    const [accountID] = accounts;
    const providers = accounts.map((id) => ({
      ...{ url, arn: `arn:aws:iam::${id}:oidc-provider/${host}`, accountID: id },
      ...{ audiences: [...audiences], owned: true },
    }));
    const registered = { issuerURL: url, accountID, sites: [siteOf(url)], providers };
    const allowedNamespaces = {
      from: admits,
      ...(admits === 'Selector' && { selector: { matchLabels: { team: 'a' } } }),
    };
    const spec = {
      allowedNamespaces,
      ...(roleARN !== undefined && { account: { roleARN } }),
      ...(inCluster && { cluster: { inCluster: {} } }),
    };
    const status = accountID === undefined ? {} : { ...registered, accountID };
    this.kube.seed(oidcIssuers, issuer(name.name, { spec, status, metadata: name }));
  }

  setGuardrails(specs: readonly GuardrailSpec[]): void {
    for (const index of this.guardrails.keys()) tell(this.#guardrails, guardrail(index), 'deleted');
    this.guardrails = specs;
    for (const [index, spec] of specs.entries()) tell(this.#guardrails, { ...guardrail(index), spec });
  }

  labelNamespace(team: string): void {
    this.team = team;
    const metadata = { namespace: '', name: ref.namespace, labels: { team } };
    tell(this.#namespaces, this.kube.seed(namespaces, { metadata }));
  }

  seedTheirs(id: string, name: string): void {
    const role: FakeRole = {
      ...{ id: name, name, path: '/', arn: `arn:aws:iam::${id}:role/${name}`, createdAt: new Date(0) },
      trustPolicy: JSON.stringify({ Version: '2012-10-17', Id: 'theirs', Statement: theirStatements }),
      ...{
        description: 'theirs',
        maxSessionDuration: 3600,
        permissionsBoundary: undefined,
        tags: { terraform: 'true' },
      },
      ...{ managed: new Set(['arn:aws:iam::aws:policy/AdministratorAccess']), inline: new Map([['theirs', '{}']]) },
      instanceProfiles: new Set(),
    };
    this.aws.account(id).iam.roles.set(name, role);
  }

  annotateAdopt(adopts: boolean): void {
    const annotations = { 'irsa.giantswarm.io/adopt': adopts ? 'true' : null };
    this.kube.edit(iamServiceAccounts, ref, { metadata: { annotations } });
  }

  async change(change: Change): Promise<void> {
    switch (change.what) {
      case 'edit':
        this.kube.seed(iamServiceAccounts, { ...account(change.spec), status: this.status });
        return;
      case 'guardrails':
        return this.setGuardrails(change.guardrails);
      case 'adopt':
        return this.annotateAdopt(change.annotated);
      case 'tagTheirs':
        for (const role of this.iam.roles.values()) role.tags['irsa.giantswarm.io/adopt'] = owner;
        return;
      case 'loseStatus':
        return this.loseStatus();
      case 'wait':
        return this.clock.advance(minutes(11));
      case 'labelNamespace':
        return this.labelNamespace('b');
      case 'issuer':
        return change.exists ? this.seedIssuer(change.issuer) : this.kube.remove(oidcIssuers, change.issuer);
    }
  }
}

const guardrail = (index: number): Omit<Guardrail, 'spec'> => ({
  ...{ apiVersion: 'irsa.giantswarm.io/v1alpha1', kind: 'Guardrail' },
  metadata: { namespace: '', name: `guardrail-${index}`, uid: `${index}`, resourceVersion: '1' },
});

/** As an informer tells an index. */
function tell<O extends KubernetesObject, S>(
  index: Index<O, S>,
  told: O,
  kind: 'changed' | 'deleted' = 'changed',
): void {
  const { namespace, name } = told.metadata;
  index.changed({ ref: { namespace, name }, selected: index.select(told), kind, pending: false });
}

/** What is left on AWS of an object that is gone. */
function leftovers(story: RandomStory): string[] {
  return [...story.aws.allAccounts()].flatMap(({ iam }) =>
    [...iam.roles.values()].flatMap(({ arn, tags, trustPolicy }) => {
      const { Statement } = JSON.parse(trustPolicy) as { Statement: readonly { Effect: string; Action: string }[] };
      const foreign = theirStatements.map((each) => JSON.stringify(each));
      const trusts = Statement.some((each) => each.Effect === 'Allow' && !foreign.includes(JSON.stringify(each)));
      return tags['irsa.giantswarm.io/owner'] === owner || trusts ? [arn] : [];
    }),
  );
}

/** Lives the life, and says what was wrong in it. */
async function live(lived: Life): Promise<Overseer> {
  const story = new RandomStory(lived);
  const overseer = new Overseer(story, story);
  const pass = () => overseer.watch(() => story.reconcile());
  await pass();
  for (const change of lived.changes) {
    await story.change(change);
    await pass();
  }
  const { deletionPolicy } = story.object.spec;
  story.delete();
  for (let tries = 0; !story.isGone && tries < 3; tries++) {
    await pass();
    if (!story.isGone) await story.clock.advance(minutes(11));
  }
  if (!story.isGone) overseer.problems.push(`the deletion does not end: ${JSON.stringify(story.condition('Ready'))}`);
  // Of two accounts that the spec named, a status that is lost leaves only the last one known.
  const isLost = lived.changes.some(({ what }) => what === 'loseStatus');
  if (deletionPolicy === 'Delete' && !isLost)
    overseer.problems.push(...leftovers(story).map((arn) => `${arn} is left`));
  return overseer;
}

/** Each is of two specs. */
const lives = 5_000;

const corners = [
  ...['a role', 'a refusal', 'an object that is ready', 'several issuers', 'a wildcard', 'another account'],
  ...[
    'a managed policy',
    'an inline policy',
    'a forced boundary',
    'an adoption',
    "a statement in somebody else's role",
  ],
];

/** Nobody reads the stacks of all the errors in these lives, and they take time. */
const { stackTraceLimit } = Error;
beforeAll(() => {
  Error.stackTraceLimit = 0;
});
afterAll(() => {
  Error.stackTraceLimit = stackTraceLimit;
});

test('nothing that users write under any Guardrails crashes a pass, sends what no Guardrail allows, or trusts without a sub', async () => {
  const reached = new Map(corners.map((corner) => [corner, 0]));
  await fc.assert(
    fc.asyncProperty(life, async (lived) => {
      const overseer = await live(lived);
      if (overseer.problems.length > 0) throw new Error(overseer.problems.join('; '));
      for (const corner of overseer.reached) reached.set(corner, (reached.get(corner) ?? 0) + 1);
    }),
    { numRuns: lives },
  );
  const seldom = [...reached].filter(([, times]) => times < lives / 500);
  expect(seldom).toEqual([]);
}, 180_000);
