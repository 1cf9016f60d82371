import { describe, expect, test } from '@jest/globals';
import type { GuardrailSpec } from '../../../src/api/generated/guardrail.ts';
import type { IAMServiceAccountSpec } from '../../../src/api/generated/iam-service-account.ts';
import type { IAMServiceAccount, OIDCIssuer } from '../../../src/api/kinds.ts';
import type { KubernetesObject } from '../../../src/api/meta.ts';
import {
  guardrailIndex,
  Guardrails,
  namespaceIndex,
  roleAgeIndex,
} from '../../../src/controllers/guardrails/guardrails.ts';
import type { Index } from '../../../src/runtime/lookup.ts';

const meta = (name: string, namespace = 'team-a') => ({ namespace, name, uid: name, resourceVersion: '1' });

function role(name: string, { second = 0, namespace = 'team-a' } = {}): IAMServiceAccount {
  const creationTimestamp = `2030-01-01T00:00:0${second}Z`;
  const spec = { issuerRefs: [{ name: 'abcl0' }], subjects: [] } as unknown as IAMServiceAccountSpec;
  return {
    ...{ apiVersion: 'v1', kind: 'IAMServiceAccount', spec },
    metadata: { ...meta(name, namespace), creationTimestamp },
  };
}

const issuer = (namespace: string): OIDCIssuer => ({
  apiVersion: 'v1',
  kind: 'OIDCIssuer',
  metadata: meta('abcl0', namespace),
  spec: { region: 'eu-central-1', hosting: { s3: {} }, cluster: { inCluster: {} } } as unknown as OIDCIssuer['spec'],
});

/** What informers have told, and who judges by it. */
class Cluster {
  readonly #guardrails = guardrailIndex();
  readonly #namespaces = namespaceIndex();
  readonly #roleAges = roleAgeIndex();
  readonly admission = new Guardrails({
    ...{ guardrails: this.#guardrails, namespaces: this.#namespaces, roleAges: this.#roleAges },
    ...{ installation: 'test', partition: 'aws' },
  });

  guardrail(name: string, spec: Partial<GuardrailSpec>): this {
    const all = { accounts: ['Own'], issuers: {}, roles: {}, ...spec };
    return this.#tell(this.#guardrails, { ...object('', name), spec: all });
  }

  namespace(name: string, labels: Readonly<Record<string, string>>): this {
    const { metadata, ...rest } = object('', name);
    return this.#tell(this.#namespaces, { ...rest, metadata: { ...metadata, labels } });
  }

  roles(...objects: readonly IAMServiceAccount[]): this {
    for (const each of objects) this.#tell(this.#roleAges, each);
    return this;
  }

  judge(object: IAMServiceAccount, of?: OIDCIssuer) {
    return this.admission.role({
      object,
      issuers: of ? [of] : [],
      account: of && { accountID: undefined, roleARN: of.spec.account?.roleARN },
      accountReady: of !== undefined,
    });
  }

  #tell<O extends KubernetesObject, S>(index: Index<O, S>, told: O): this {
    const { namespace = '', name } = told.metadata;
    const selected = index.select(told);
    index.changed({ ref: { namespace, name }, selected, kind: 'initial', pending: false });
    return this;
  }
}
const object = (namespace: string, name: string) => ({
  apiVersion: 'v1',
  kind: 'x',
  metadata: meta(name, namespace),
});

describe('a namespace is found', () => {
  test.each<[string, Partial<GuardrailSpec>]>([
    ['by its name', { namespaces: ['other', 'team-a'] }],
    ['by a pattern', { namespaces: ['team-*'] }],
    ['by its name beside a pattern', { namespaces: ['other-*', 'team-a'] }],
    ['by a pattern beside a name', { namespaces: ['other', 'team-*'] }],
    ['by all its labels', { namespaceSelector: { matchLabels: { team: 'a', stage: 'live' } } }],
  ])('%s', (_, spec) => {
    const cluster = new Cluster().namespace('team-a', { team: 'a', stage: 'live' }).guardrail('one', spec);
    expect(cluster.judge(role('x'))).toEqual({ allowed: true, guardrail: 'one' });
    expect(cluster.judge(role('x', { namespace: 'team' }))).toMatchObject({ allowed: false });
  });

  test('by labels no more when they are gone', () => {
    const spec = { namespaceSelector: { matchLabels: { team: 'a' } } };
    const cluster = new Cluster().namespace('team-a', { team: 'a' }).guardrail('one', spec);
    expect(cluster.judge(role('x')).allowed).toBe(true);
    expect(cluster.namespace('team-a', {}).judge(role('x')).allowed).toBe(false);
  });
});

test('of several Guardrails that allow an object the first by name is taken, however each selects and whenever it came', () => {
  const cluster = new Cluster().namespace('team-a', { team: 'a' });
  cluster.guardrail('c', { namespaces: ['team-a'] });
  cluster.guardrail('b', { namespaces: ['*'] });
  expect(cluster.judge(role('x'))).toEqual({ allowed: true, guardrail: 'b' });
  cluster.guardrail('a', { namespaceSelector: { matchLabels: { team: 'a' } } });
  expect(cluster.judge(role('x'))).toEqual({ allowed: true, guardrail: 'a' });
});

test("whether an issuer may be of the operator's own cluster is for the Guardrails of its namespace to say", () => {
  const cluster = new Cluster()
    .guardrail('team-a', { namespaces: ['team-a'], issuers: { inCluster: true } })
    .guardrail('platform', { namespaces: ['platform'] });
  expect(cluster.judge(role('x'), issuer('team-a')).allowed).toBe(true);
  expect(cluster.judge(role('x'), issuer('platform')).allowed).toBe(false);
});

test("an issuer that was turned to the operator's own cluster reaches it by no other Guardrail than one that allows all of it", () => {
  const cluster = new Cluster()
    .guardrail('workload', { namespaces: ['team-a'], roles: { subjectNamespaces: ['*'] } })
    .guardrail('home', { namespaces: ['team-a'], accounts: ['arn:other'], issuers: { inCluster: true } });
  expect(cluster.judge(role('x'), issuer('team-a'))).toMatchObject({
    allowed: false,
    message: expect.stringContaining('spec.cluster.inCluster of OIDCIssuer abcl0'),
  });
});

describe('of more IAMServiceAccounts than the maximum', () => {
  const limited = () => new Cluster().guardrail('team-a', { namespaces: ['*'], roles: { maximum: 2 } });
  const allowed = (cluster: Cluster, objects: readonly IAMServiceAccount[]) =>
    objects.filter((each) => cluster.judge(each).allowed).map(({ metadata }) => metadata.name);

  test('the older ones hold their place, whatever their names and whichever is looked at first', () => {
    const objects = [role('c', { second: 1 }), role('b', { second: 2 }), role('a', { second: 3 })];
    expect(allowed(limited().roles(...objects), objects)).toEqual(['c', 'b']);
    expect(allowed(limited().roles(...objects.toReversed()), objects.toReversed())).toEqual(['b', 'c']);
  });

  test('those made at the same moment are told apart by name, so that each comes to the same answer', () => {
    const objects = [role('b'), role('c'), role('a')];
    expect(allowed(limited().roles(...objects), objects)).toEqual(['b', 'a']);
    expect(allowed(limited().roles(...objects.toReversed()), objects)).toEqual(['b', 'a']);
  });

  test('only those of the namespace count', () => {
    const others = ['a', 'b', 'c'].map((name) => role(name, { namespace: 'team-b' }));
    const late = role('x', { second: 9 });
    expect(allowed(limited().roles(...others, late), [late])).toEqual(['x']);
  });
});
