import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import type { Guardrail, IAMServiceAccount, OIDCIssuer } from '../../src/api/kinds.ts';
import type { KubernetesObject } from '../../src/api/meta.ts';
import { awsClusterLabel, finalizer, webhookAnnotations } from '../../src/api/names.ts';
import type { NamespacedName } from '../../src/api/resources.ts';
import { nameClaimIndex } from '../../src/controllers/name-claims.ts';
import type { Claim } from '../../src/controllers/references.ts';
import * as watches from '../../src/controllers/watches.ts';
import type { Related } from '../../src/runtime/controller.ts';
import type { Change } from '../../src/runtime/informer.ts';
import { sameJson } from '../../src/runtime/json.ts';

const ref = { namespace: 'team', name: 'abcl0' };
const role = { namespace: 'team', name: 'reader' };
const url = 'https://irsa.example.com';

/** A lookup that knows these keys. */
const knows = (keys: Readonly<Record<string, NamespacedName>>) => ({
  under: (key: string) => (keys[key] ? [[keys[key], undefined] as const] : []),
});

/** Whom a change concerns, as the controller finds it out. */
function concerned<O, S>({ select, affected }: Related<O, S>, before: O, after: O): NamespacedName[] {
  const versions = [before, after].map(select);
  if (sameJson(versions[0], versions[1])) return [];
  return versions.flatMap((version) => [...affected(ref, version)]);
}

const issuer = (changes: { metadata?: object; spec?: object; status?: object } = {}) =>
  ({
    metadata: { ...ref, uid: 'u', ...changes.metadata },
    spec: { region: 'eu-central-1', hosting: {}, ...changes.spec },
    status: { sites: [{ url, phase: 'Current' }], ...changes.status },
  }) as unknown as OIDCIssuer;

const anyChange = { metadata: { resourceVersion: '2', annotations: { a: 'b' } }, status: { observedGeneration: 7 } };
const leaving = { metadata: { deletionTimestamp: '2030-01-01T00:00:00Z' } };

describe('an OIDCIssuer', () => {
  const watch = watches.issuersForRoles(knows({ 'team/abcl0': role, [url]: { ...role, name: 'trusting' } }));

  test.each<[string, object]>([
    ['whose spec changes', { spec: { audiences: ['a'] } }],
    ['that is being deleted', leaving],
    ['that is made anew', { metadata: { uid: 'v' } }],
    ['that is registered', { status: { providers: [{ url, arn: 'arn' }] } }],
    ['that gets its account', { status: { accountID: '111122223333' } }],
  ])('%s concerns the roles that refer to it and those that trust it', (_, change) => {
    expect(new Set(concerned(watch, issuer(), issuer(change)).map(({ name }) => name))).toEqual(
      new Set(['reader', 'trusting']),
    );
  });

  test('concerns also those that trust the URL that it had', () => {
    const gone = issuer({ status: { sites: [] } });
    expect(concerned(watch, issuer(), gone).map(({ name }) => name)).toContain('trusting');
  });

  test.each<[string, object]>([
    ['that becomes ready', { status: { conditions: [{ type: 'Ready', status: 'True' }] } }],
    ['whose distribution is known', { status: { sites: [{ phase: 'Current', distribution: { id: 'E1' } }] } }],
    ['that is being deleted', leaving],
  ])('%s concerns the AWSCluster that it was made of', (_, change) => {
    const labelled = (more: { metadata?: object } = {}) =>
      issuer({ ...more, metadata: { labels: { [awsClusterLabel]: 'abcl0' }, ...more.metadata } });
    const marked = {
      ...change,
      metadata: { labels: { [awsClusterLabel]: 'abcl0' }, ...(change as typeof leaving).metadata },
    };
    expect(concerned(watches.issuersForClusters, labelled(), issuer(marked))).toContainEqual(ref);
  });

  test('that lets a name go concerns the others that ask for it, and not itself', () => {
    const names = nameClaimIndex();
    const asking = { namespace: 'team-b', name: 'asking' };
    const watchNames = watches.issuersForNames(names);
    const site = { url: 'https://irsa.example.com', hosting: 'CloudFront', phase: 'Current', registered: true };
    const holding = issuer({ status: { sites: [site] } });
    for (const each of [asking, ref]) {
      const selected = { seniority: '', asked: ['alias/irsa.example.com'], held: [], registered: [] };
      names.changed({ ref: each, selected, kind: 'changed', pending: false });
    }
    expect(concerned(watchNames, holding, issuer({ status: { sites: [] } }))).toEqual([asking]);
  });

  test('that nobody derived concerns no AWSCluster', () => {
    expect(concerned(watches.issuersForClusters, issuer(), issuer(leaving))).toEqual([]);
  });

  test('concerns nobody by what its own passes write', () => {
    expect(concerned(watch, issuer(), issuer(anyChange))).toEqual([]);
    expect(concerned(watches.issuersForClusters, issuer(), issuer(anyChange))).toEqual([]);
  });
});

describe('an IAMServiceAccount', () => {
  const watch = watches.rolesForLeavingIssuers(knows({ 'team/abcl0': ref, [url]: { ...ref, name: 'by-url' } }));
  const account = (changes: { metadata?: object; spec?: object; status?: object } = {}) =>
    ({
      metadata: { ...role, ...changes.metadata },
      spec: { issuerRefs: [{ name: 'abcl0' }], subjects: [], ...changes.spec },
      status: { issuers: [{ url }], ...changes.status },
    }) as unknown as IAMServiceAccount;

  test.each<[string, object]>([
    ['that is being deleted', leaving],
    ['whose role drops its trust', { status: { issuers: [] } }],
    ['that lost its status', { metadata: { finalizers: [finalizer] }, status: { issuers: undefined } }],
    ['that refers to another issuer by now', { spec: { issuerRefs: [{ name: 'other' }] } }],
  ])('%s concerns the issuers whose deletion waits for it', (_, change) => {
    expect(concerned(watch, account(), account(change))).toContainEqual(ref);
    expect(concerned(watch, account(), account(change)).map(({ name }) => name)).toContain('by-url');
  });

  test('that gets or lets go a role concerns the others that name it, and not itself', () => {
    const named = { spec: { role: { name: 'Shared' } }, status: { accountID: '111122223333' } };
    const other = { ...role, name: 'other' };
    const watchRoles = watches.rolesForRoleNames({
      under: (key) =>
        key === '111122223333/shared'
          ? [
              [other, undefined],
              [role, undefined],
            ]
          : [],
    });
    const has = account({ ...named, status: { ...named.status, roleARN: 'arn' } });
    const affected = watchRoles.affected(role, watchRoles.select(has));
    expect([...affected]).toEqual([other]);
    expect(sameJson(watchRoles.select(account(named)), watchRoles.select(has))).toBe(false);
    expect([...watchRoles.affected(role, watchRoles.select(account()))]).toEqual([]);
  });

  test('concerns no issuer by its policies or its conditions', () => {
    const change = { spec: { policies: { managed: ['a'] } }, status: { conditions: [] } };
    expect(concerned(watch, account(), account(change))).toEqual([]);
  });
});

test('a Guardrail concerns all objects, but not by what is not its spec', () => {
  const watch = watches.guardrailsForAll([
    [ref, undefined],
    [role, undefined],
  ]);
  const guardrail = (accounts: string[], labels = {}) =>
    ({ metadata: { labels }, spec: { accounts } }) as unknown as Guardrail;
  expect(concerned(watch, guardrail(['Own']), guardrail([]))).toEqual([ref, role, ref, role]);
  expect(concerned(watch, guardrail(['Own']), guardrail(['Own'], { a: 'b' }))).toEqual([]);
});

test('a namespace concerns the objects in it by its labels', () => {
  const watch = watches.namespacesForTheirs(knows({ abcl0: role }));
  const namespace = (labels?: object, annotations = {}) =>
    ({ metadata: { labels, annotations } }) as unknown as KubernetesObject;
  expect(concerned(watch, namespace(), namespace({ team: 'a' }))).toContainEqual(role);
  expect(concerned(watch, namespace(), namespace(undefined, { a: 'b' }))).toEqual([]);
});

const main = readFileSync(new URL('../../src/main.ts', import.meta.url), 'utf8');

test('each of these watches is set up at the start', () => {
  const related = Object.keys(watches).filter((name) => /For/.test(name));
  expect(related).toHaveLength(7);
  for (const name of related) {
    expect(main).toMatch(new RegExp(`\\.watchRelated\\(\\w+, ${name}\\b`));
  }
});

test('each controller hears of its own kind, each lookup is fed, and each informer is started', () => {
  for (const controller of ['issuers', 'roles', 'each.controller']) expect(main).toContain(`${controller}.watch(`);
  const lookups = [...main.matchAll(/const (\w+) = \w+Index\(\);/g)].map(([, name]) => name);
  expect(lookups).toHaveLength(9);
  for (const lookup of lookups) expect(main).toContain(`Informer.on(${lookup});`);
  expect(main).toContain('const judges = [guardrailInformer, namespaceInformer];');
  for (const each of ['each', 'issuerInformer', 'each.informer', 'roleInformer']) {
    expect(main).toContain(` ${each}.start();`);
  }
});

test('the service accounts of all clusters are watched, and what changes is passed on to their roles', () => {
  expect(main).toMatch(/new KubeconfigClusters\({[^}]*\bwatch: { followed, logger }/);
  expect(main).toMatch(/new ClusterWatch\({[^}]*\bfollowed\b/);
  expect(main).toMatch(/const followed\b[^;]*\bresource: serviceAccountMetadata,/);
  expect(main).toMatch(/of rolesOfServiceAccount\(claims, place, change\)\) concerned\.add\(ref\);/);
  expect(main).toContain('passOn: (ref) => roles.add(ref),');
});

test('clusters, and the names by which they are called, are left by the configured resync', () => {
  expect(main).toMatch(/new KubeconfigClusters\({[^}]*\bresync: intervals\.resync\b/);
  expect(main).toMatch(/new ClusterWatch\({[^}]*\bresync: intervals\.resync\b/);
});

describe('a service account', () => {
  const arn = 'arn:aws:iam::111122223333:role/reader';
  const claim = (changes: Partial<Claim> = {}): Claim => ({
    seniority: '1',
    deleting: false,
    roleARN: arn,
    serviceAccounts: [],
    ...changes,
  });
  const state = (annotations: object = {}, uid = 'u') =>
    watches.serviceAccountState({ metadata: { uid, annotations } } as unknown as KubernetesObject);
  const ours = { 'eks.amazonaws.com/role-arn': arn };
  const session = { ...ours, 'eks.amazonaws.com/audience': 'a' };
  const place = 'team/abcl0';
  const account = { namespace: 'default', name: 's3-reader' };

  test.each<[string, Partial<Change<watches.ServiceAccountState>>, Claim, boolean]>([
    ['that is there without annotation at the start', { kind: 'initial', selected: state() }, claim(), true],
    ['that is there with it at the start', { kind: 'initial', selected: state(ours) }, claim(), false],
    ['that is new', { selected: state() }, claim(), true],
    ['that is made anew', { selected: state({}, 'v'), before: state(ours) }, claim(), true],
    ['that loses it', { selected: state(), before: state(ours) }, claim(), true],
    [
      'that names another role',
      { selected: state({ 'eks.amazonaws.com/role-arn': 'x' }), before: state(ours) },
      claim(),
      true,
    ],
    ['that the operator annotated', { selected: state(session), before: state() }, claim(), false],
    ['whose other annotations somebody changed', { selected: state(ours), before: state(session) }, claim(), true],
    ['that is gone', { kind: 'deleted', selected: state(ours) }, claim(), false],
    ['of a role that is not made yet', { selected: state() }, claim({ roleARN: undefined }), false],
    ['of a role that is being deleted', { selected: state() }, claim({ deleting: true }), false],
  ])('%s concerns its role: %#', (_, change, held, expected) => {
    const claims = { under: (key: string) => (key === 'team/abcl0/default/s3-reader' ? [[role, held] as const] : []) };
    const full = { ref: account, kind: 'changed', pending: false, selected: state(), ...change } as const;
    expect(watches.rolesOfServiceAccount(claims, place, full)).toEqual(expected ? [role] : []);
    expect(watches.rolesOfServiceAccount(claims, 'other/abcl0', full)).toEqual([]);
  });

  test('is kept as digests, of which the length does not depend on what is in the cluster', () => {
    const text = 'x'.repeat(1024 * 1024);
    const large = Object.fromEntries(Object.values(webhookAnnotations).map((key) => [key, text]));
    expect(JSON.stringify(state(large, text)).length).toBe(JSON.stringify(state()).length);
    for (const key of Object.values(webhookAnnotations))
      expect(state({ ...large, [key]: `${text}y` }, text)).not.toEqual(state(large, text));
  });
});
