import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { cases } from '../crds/cases.ts';
import { edges } from '../crds/edges.ts';
import { examples, minimal, type Example } from '../crds/examples.ts';
import { constraints, kinds, readSchema, ruleMessages, walk, type Kind } from '../crds/schema.ts';
import { complaints, replaceAt, violate } from '../crds/violations.ts';
import { ControlPlane } from '../backends/control-plane/control-plane.ts';
import { established } from '../environment/wait.ts';
import { Objects } from './crd-objects.ts';

const namespace = 'crd-test';
let controlPlane: ControlPlane;
const kubectl = (args: readonly string[], input?: string) => controlPlane.kubectl(args, input);
let objects: Objects;

beforeAll(async () => {
  controlPlane = await ControlPlane.start();
  await kubectl(['apply', '-k', 'config/crd']);
  await kubectl(['apply', '-k', 'config/default']);
  await kubectl(['apply', '-f', 'test/crds']);
  await established(kubectl, '--all');
  await kubectl(['create', 'namespace', namespace]);
  objects = await Objects.in(namespace, controlPlane);
});

afterAll(async () => {
  objects?.close();
  await controlPlane?.stop();
});

test('config/default applies, and nothing is left to apply', async () => {
  await expect(kubectl(['diff', '-k', 'config/default'])).resolves.toBe('');
});

describe('the components of config', () => {
  const operator = 'system:serviceaccount:irsa-system:irsa-operator';
  const may = async (verb: string, resource: string, where: string) => {
    // With the answer no it also ends with code 1.
    const answer = await kubectl(['auth', 'can-i', verb, resource, '-n', where, '--as', operator]).catch(String);
    return answer.trim() === 'yes';
  };

  test('in-cluster lets the operator annotate service accounts, which it may not without', async () => {
    expect(await may('patch', 'serviceaccounts', namespace)).toBe(false);
    await kubectl(['apply', '-k', 'config/components/in-cluster']);
    expect(await may('patch', 'serviceaccounts', namespace)).toBe(true);
  });

  test('in-cluster lets it ask for tokens of one account without power, and for those of no other', async () => {
    const token = (name: string, where: string) =>
      kubectl(['create', 'token', name, '-n', where, '--audience=irsa-operator-rotation', '--as', operator]);
    expect(await token('default', 'kube-node-lease')).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\s*$/);
    await kubectl(['create', 'serviceaccount', 'other', '-n', 'kube-node-lease']);
    for (const [name, where] of [
      ['default', 'kube-system'],
      ['default', namespace],
      ['other', 'kube-node-lease'],
    ] as const) {
      await expect(token(name, where)).rejects.toThrow('forbidden');
    }
  });

  test('aws-cluster lets it write ConfigMaps and make OIDCIssuers, which it may not without', async () => {
    const rights = () => Promise.all([may('patch', 'configmaps', namespace), may('create', 'oidcissuers', namespace)]);
    expect(await rights()).toEqual([false, false]);
    await kubectl(['apply', '-k', 'config/components/aws-cluster']);
    expect(await rights()).toEqual([true, true]);
    await kubectl(['delete', '-k', 'config/components/aws-cluster']);
  });

  test('secrets lets it read and write Secrets in one namespace, which it may not without, and only there', async () => {
    const rights = (where: string) => Promise.all(['get', 'create'].map((verb) => may(verb, 'secrets', where)));
    expect(await rights(namespace)).toEqual([false, false]);
    await kubectl(['apply', '-k', 'config/components/secrets', '-n', namespace]);
    expect(await rights(namespace)).toEqual([true, true]);
    expect(await rights('default')).toEqual([false, false]);
  });

  test('management-cluster lets it read and write the Secrets of all namespaces', async () => {
    await kubectl(['apply', '-k', 'config/components/management-cluster']);
    expect([await may('get', 'secrets', 'default'), await may('create', 'secrets', 'default')]).toEqual([true, true]);
    await kubectl(['delete', '-k', 'config/components/management-cluster']);
  });
});

describe('the samples', () => {
  beforeAll(async () => {
    await kubectl(['apply', '-f', 'config/samples/namespace.yaml']);
  });

  const samples = readdirSync('config/samples').filter((file) => file !== 'kustomization.yaml');
  test.each(samples)('%s applies, and nothing is left to apply', async (file) => {
    await kubectl(['apply', '-f', `config/samples/${file}`]);
    await expect(kubectl(['diff', '-f', `config/samples/${file}`])).resolves.toBe('');
  });
});

describe('the examples', () => {
  test.each(examples())('$kind $metadata.name is taken as it is', async (example) => {
    const { object } = await objects.tryNew(example);
    expect(object.spec).toEqual(example.spec);
  });

  test.each(Object.keys(kinds) as Kind[])('of %s set every field', (kind) => {
    const all = examples().filter((example) => example.kind === kind);
    const unset = [...walk(readSchema(kind))]
      .map(([path]) => path)
      .filter((path) => ['spec', 'status'].includes(path[0] ?? ''))
      .filter((path) => !all.some((example) => replaceAt(example, path, (value) => value) !== undefined));
    expect(unset).toEqual([]);
  });
});

describe('what is left out', () => {
  test.each([
    {
      kind: 'OIDCIssuer' as const,
      defaults: { deletionPolicy: 'Delete', suspend: false },
    },
    {
      kind: 'IAMServiceAccount' as const,
      defaults: {
        issuerRefs: [{ namespace: '', name: 'abcl0' }],
        deletionPolicy: 'Delete',
        suspend: false,
        serviceAccountPolicy: 'Annotate',
      },
    },
    { kind: 'Guardrail' as const, defaults: {} },
  ])('of a $kind gets the few defaults and no other', async ({ kind, defaults }) => {
    const { metadata, spec } = minimal(kind);
    await objects.create(minimal(kind));
    const read = JSON.parse(await kubectl(['get', kind, metadata.name, '-n', namespace, '-o', 'json']));
    expect(read.spec).toEqual({ ...spec, ...defaults });
    expect(read.status).toEqual(kind === 'Guardrail' ? undefined : { observedGeneration: -1 });
  });

  test('of a kubeconfig reference is the entry value, of namespaces the own one, of a role the full management', async () => {
    const issuer = minimal('OIDCIssuer');
    issuer.spec.cluster = { kubeconfigSecretRef: { name: 'a' } };
    expect((await objects.tryNew({ ...issuer, metadata: { name: 'new' } })).object.spec.cluster).toEqual({
      kubeconfigSecretRef: { name: 'a', key: 'value' },
    });
    issuer.spec.allowedNamespaces = {};
    expect((await objects.tryNew({ ...issuer, metadata: { name: 'new' } })).object.spec.allowedNamespaces).toEqual({
      from: 'Same',
    });
    const account = minimal('IAMServiceAccount');
    account.spec.role = {};
    expect((await objects.tryNew({ ...account, metadata: { name: 'new' } })).object.spec.role).toEqual({
      management: 'Full',
    });
  });
});

describe.each(Object.keys(kinds) as Kind[])('%s refuses a value beyond', (kind) => {
  const limits = constraints(readSchema(kind)).map((constraint) => ({
    ...constraint,
    place: constraint.path.join('.'),
  }));
  const made = new Map<string, Example>();

  beforeAll(async () => {
    for (const example of examples().filter((one) => one.kind === kind))
      made.set(example.metadata.name, await objects.make(example));
  });

  test.each(limits)('$keyword of $place', async (constraint) => {
    let field: string | undefined;
    const object = [...made.values()]
      .map((example) => structuredClone(example))
      .find((example) => {
        field = replaceAt(example, constraint.path, (value) => violate(constraint, value));
        return field !== undefined;
      });
    if (object === undefined) throw new Error(`no example sets ${constraint.place}`);
    const { causes } = await objects.tryChange(object, constraint.path[0] === 'status' ? 'status' : 'spec');
    expect(causes).toContainEqual(
      expect.objectContaining({ field, message: expect.stringMatching(complaints[constraint.keyword] ?? /^never$/) }),
    );
  });
});

describe.each(Object.keys(kinds) as Kind[])('%s refuses the same item twice', (kind) => {
  const lists = [...walk(readSchema(kind))]
    .filter(([, list]) => list['x-kubernetes-list-type'] && list['x-kubernetes-list-type'] !== 'atomic')
    .map(([path]) => path);

  test.each(lists.map((path) => ({ path, place: path.join('.') })))('in $place', async ({ path }) => {
    const [object, field] =
      examples()
        .filter((example) => example.kind === kind)
        .map((example) => {
          const place = replaceAt(example, path, (items) => [(items as unknown[])[0], (items as unknown[])[0]]);
          return [example, place] as const;
        })
        .find(([, place]) => place !== undefined) ?? [];
    if (object === undefined) throw new Error(`no example sets ${path.join('.')}`);
    const { metadata } = JSON.parse(await kubectl(['get', kind, object.metadata.name, '-n', namespace, '-o', 'json']));
    const { causes } = await objects.tryChange({ ...object, metadata }, path[0] === 'status' ? 'status' : 'spec');
    expect(causes).toContainEqual(expect.objectContaining({ field: `${field}[1]`, reason: 'FieldValueDuplicate' }));
  });
});

describe.each(edges)('$kind at $path', ({ kind, path, good, bad }) => {
  const verdict = async (value: string) => {
    const steps = path.split('.');
    const example = examples().find((one) => one.kind === kind && replaceAt(one, steps, (old) => old) !== undefined);
    if (example === undefined) throw new Error(`no example sets ${path}`);
    example.metadata.name = 'edge';
    const field = replaceAt(example, steps, () => value);
    return (await objects.tryNew(example)).causes.some((cause) => cause.field === field) ? 'refused' : 'taken';
  };
  test.each(good)('takes %j', async (value) => expect(await verdict(value)).toBe('taken'));
  test.each(bad)('refuses %j', async (value) => expect(await verdict(value)).toBe('refused'));
});

describe('CEL', () => {
  test.each(Object.keys(kinds) as Kind[])('has each rule of %s met by a case', (kind) => {
    const refusals = cases.filter((one) => one.kind === kind).flatMap(({ refusal }) => refusal ?? []);
    const unmet = ruleMessages(readSchema(kind)).filter((message) => !refusals.some((part) => message.includes(part)));
    expect(unmet).toEqual([]);
  });

  test.each(cases.map((one, index) => ({ ...one, index, verb: one.refusal === undefined ? 'takes' : 'refuses' })))(
    '$kind $verb $title',
    (one) => objects.expectVerdict(one, `case-${one.index}`),
  );
});

describe('server-side apply', () => {
  const apply = (manager: string, spec: object) =>
    kubectl(
      [
        'apply',
        '--server-side',
        '--force-conflicts',
        `--field-manager=${manager}`,
        '-n',
        namespace,
        '-f',
        '-',
        '-o',
        'json',
      ],
      JSON.stringify({ ...minimal('OIDCIssuer'), status: undefined, metadata: { name: 'shared' }, spec }),
    ).then((output) => JSON.parse(output).spec);
  const cluster = { kubeconfigSecretRef: { name: 'abcl0-kubeconfig', key: 'value' } };
  const derived: Example['spec'] = { ...minimal('OIDCIssuer').spec, cluster };

  test('leaves accounts and tags that a user added to an issuer of the adapter', async () => {
    const additionalAccounts = [{ roleARN: 'arn:aws:iam::444455556666:role/irsa' }];
    await apply('adapter', { ...derived, tags: { cluster: 'abcl0' } });
    await apply('user', { additionalAccounts, tags: { team: 'a' } });
    const spec = await apply('adapter', { ...derived, tags: { cluster: 'abcl0' } });
    expect(spec).toMatchObject({ additionalAccounts, tags: { cluster: 'abcl0', team: 'a' } });
  });

  test.each([
    { field: 'hosting', users: { s3: {} } },
    { field: 'signingKeys', users: { generate: { secretName: 'a' } } },
    { field: 'cluster', users: { inCluster: {} } },
  ])('replaces $field as a whole, whatever a user made of it', async ({ field, users }) => {
    await apply('adapter', derived);
    await apply('user', { [field]: users });
    expect((await apply('adapter', derived))[field]).toEqual(derived[field]);
  });
});

describe('kubectl get', () => {
  test('irsa shows both kinds with what one wants to know', async () => {
    const table = await kubectl(['get', 'irsa', '-n', namespace]);
    expect(table).toMatch(/NAME +READY +REASON +ISSUER +SUSPENDED +AGE\n/);
    expect(table).toMatch(/NAME +READY +REASON +ROLE +SUSPENDED +AGE\n/);
    expect(table).toMatch(/everything +True +Provisioned +https:\/\/irsa\.abcl0\.example\.com/);
  });

  test.each([
    {
      short: 'oidci',
      columns: /^NAME +READY +REASON +ISSUER +SUSPENDED +AGE +REGION +ACCOUNT +BUCKET +DISTRIBUTION +MESSAGE\n/,
      row: /eu-central-1 +111122223333 +my-bucket +E1 +all is there/,
    },
    {
      short: 'iamsa',
      columns: /^NAME +READY +REASON +ROLE +SUSPENDED +AGE +ISSUERS +MESSAGE\n/,
      row: /abcl0 +all is there/,
    },
  ])('$short -o wide shows more', async ({ short, columns, row }) => {
    const table = await kubectl(['get', short, 'everything', '-n', namespace, '-o', 'wide']);
    expect(table).toMatch(columns);
    expect(table).toMatch(row);
  });
});
