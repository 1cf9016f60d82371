import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { cases } from '../crds/cases.ts';
import { edges } from '../crds/edges.ts';
import { examples, minimal, type Example } from '../crds/examples.ts';
import { constraints, kinds, readSchema, ruleMessages, walk, type Kind } from '../crds/schema.ts';
import { complaints, replaceAt, violate, type Cause } from '../crds/violations.ts';
import { ControlPlane } from '../backends/control-plane/control-plane.ts';
import { kubectlProxy } from './kubectl-proxy.ts';

const namespace = 'crd-test';
let controlPlane: ControlPlane;
const kubectl = (args: readonly string[], input?: string) => controlPlane.kubectl(args, input);
let proxy: Awaited<ReturnType<typeof kubectlProxy>>;

beforeAll(async () => {
  controlPlane = await ControlPlane.start();
  await kubectl(['apply', '-k', 'config/default']);
  await kubectl(['apply', '-f', 'test/crds']);
  await kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=30s']);
  await kubectl(['create', 'namespace', namespace]);
  proxy = await kubectlProxy(controlPlane.kubeconfig);
}, 60_000);

afterAll(async () => {
  proxy?.stop();
  await controlPlane?.stop();
});

const collection = (kind: Kind) => `/apis/irsa.giantswarm.io/v1alpha1/namespaces/${namespace}/${kinds[kind]}`;

async function send(method: string, path: string, object: Example): Promise<{ object: Example; causes: Cause[] }> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(proxy.url + path, { method, headers, body: JSON.stringify(object) });
  if (response.ok) return { object: (await response.json()) as Example, causes: [] };
  const refusal = (await response.json()) as { reason: string; message: string; details: { causes: Cause[] } };
  if (refusal.reason !== 'Invalid') throw new Error(refusal.message);
  return { object, causes: refusal.details.causes };
}

/** Makes it, status and all. */
async function make(object: Example): Promise<Example> {
  const { object: made, causes } = await send('POST', collection(object.kind), object);
  expect(causes).toEqual([]);
  const path = `${collection(object.kind)}/${object.metadata.name}/status`;
  return (await send('PUT', path, { ...made, status: { ...made.status, ...object.status } })).object;
}

const tryNew = (object: Example) =>
  send('POST', `${collection(object.kind)}?dryRun=All&fieldValidation=Strict`, object);
const tryChange = (object: Example, part = '') =>
  send('PUT', `${collection(object.kind)}/${object.metadata.name}${part}?dryRun=All&fieldValidation=Strict`, object);

test('config/default applies, and nothing is left to apply', async () => {
  await expect(kubectl(['diff', '-k', 'config/default'])).resolves.toBe('');
});

describe('the samples', () => {
  beforeAll(async () => {
    await kubectl(['apply', '-f', 'config/samples/namespace.yaml']);
  });

  const samples = readdirSync('config/samples').filter((file) => file !== 'kustomization.yaml');
  test.each(samples)('%s applies', async (file) => {
    await expect(kubectl(['apply', '--dry-run=server', '-f', `config/samples/${file}`])).resolves.toContain('dry run');
  });
});

describe('the examples', () => {
  test.each(examples())('$kind $metadata.name is taken as it is', async (example) => {
    const { object } = await tryNew(example);
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
      defaults: { deletionPolicy: 'Delete', suspend: false, serviceAccountPolicy: 'Annotate' },
    },
  ])('of a $kind gets the few defaults and no other', async ({ kind, defaults }) => {
    const { metadata, spec } = minimal(kind);
    await send('POST', collection(kind), minimal(kind));
    const read = JSON.parse(await kubectl(['get', kind, metadata.name, '-n', namespace, '-o', 'json']));
    expect(read.spec).toEqual({ ...spec, ...defaults });
    expect(read.status).toEqual({ observedGeneration: -1 });
  });

  test('of a kubeconfig reference is the entry value, of a role the full management', async () => {
    const issuer = minimal('OIDCIssuer');
    issuer.spec.cluster = { kubeconfigSecretRef: { name: 'a' } };
    expect((await tryNew({ ...issuer, metadata: { name: 'new' } })).object.spec.cluster).toEqual({
      kubeconfigSecretRef: { name: 'a', key: 'value' },
    });
    const account = minimal('IAMServiceAccount');
    account.spec.role = {};
    expect((await tryNew({ ...account, metadata: { name: 'new' } })).object.spec.role).toEqual({ management: 'Full' });
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
      made.set(example.metadata.name, await make(example));
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
    const { causes } = await tryChange(object, constraint.path[0] === 'status' ? '/status' : '');
    expect(causes).toContainEqual(
      expect.objectContaining({ field, message: expect.stringMatching(complaints[constraint.keyword] ?? /^never$/) }),
    );
  });
});

describe.each(edges)('$kind at $path', ({ kind, path, good, bad }) => {
  const verdict = async (value: string) => {
    const steps = path.split('.');
    const example = examples().find((one) => one.kind === kind && replaceAt(one, steps, (old) => old) !== undefined);
    if (example === undefined) throw new Error(`no example sets ${path}`);
    example.metadata.name = 'edge';
    const field = replaceAt(example, steps, () => value);
    return (await tryNew(example)).causes.some((cause) => cause.field === field) ? 'refused' : 'taken';
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
    async ({ kind, from, to, refusal, index }) => {
      let object = minimal(kind);
      object.metadata.name = `case-${index}`;
      if (from) {
        from(object);
        object = await make(object);
      }
      to(object);
      const { causes } = from ? await tryChange(object) : await tryNew(object);
      expect(causes.map(({ message }) => message)).toEqual(
        refusal === undefined ? [] : [expect.stringContaining(refusal)],
      );
    },
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
  const derived = minimal('OIDCIssuer').spec;

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
  ])('replaces $field as a whole, whatever a user made of it', async ({ field, users }) => {
    await apply('adapter', derived);
    await apply('user', { [field]: users });
    expect((await apply('adapter', derived))[field]).toEqual(derived[field]);
  });
});

test('kubectl get irsa shows both kinds with what one wants to know', async () => {
  const table = await kubectl(['get', 'irsa', '-n', namespace]);
  expect(table).toMatch(/NAME +READY +REASON +ISSUER +AGE/);
  expect(table).toMatch(/NAME +READY +REASON +ROLE +AGE/);
  expect(table).toMatch(/everything +True +Provisioned +https:\/\/irsa\.abcl0\.example\.com/);
});
