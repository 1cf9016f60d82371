import { describe, expect, test } from '@jest/globals';
import { podIdentityManifests } from '../../src/api/generated/pod-identity.ts';
import { podIdentityLabel, webhookAnnotations } from '../../src/api/names.ts';
import {
  bindingRefs,
  desiredBindings,
  desiredPolicy,
  type ObservedObject,
  policyRef,
  regionOf,
  usersOf,
} from '../../src/controllers/oidc-issuer/pod-identity/manifests.ts';

const [policy, labelled, annotated] = podIdentityManifests;
const patches = policy.spec.mutations[0].jsonPatch.expression;
const owner = { installation: 'test', owner: 'irsa-pod-identity', home: 'home', takesOver: [], adopts: false };

/** The values of the patches: each from `value:` to the bracket that ends its patch. */
function valuesOf(expression: string): string[] {
  return [...expression.matchAll(/value: /g)].map(({ index }) => {
    const rest = expression.slice(index + 'value: '.length);
    let depth = 0;
    const end = [...rest].findIndex((character) => {
      if ('{[('.includes(character)) depth++;
      else if ('}])'.includes(character)) depth--;
      return depth < 0;
    });
    return rest.slice(0, end);
  });
}

const isListOfObjects = (value: string) => value.startsWith('[') && value !== '[]';

describe('the policy', () => {
  // https://github.com/kubernetes/kubernetes/issues/142181
  test('has no patch whose value is a list with something in it, because API servers panic over lists of objects', () => {
    const values = valuesOf(patches);
    expect(values).toHaveLength(10);
    expect(values.filter(isListOfObjects)).toEqual([]);
  });

  test('and such a patch would be noticed', () => {
    const bad = "[JSONPatch{op: 'add', path: '/spec/volumes', value: [Object.spec.volumes{name: 'a'}]}]";
    expect(valuesOf(bad).filter(isListOfObjects)).toEqual(["[Object.spec.volumes{name: 'a'}]"]);
  });

  test('reads each annotation that the webhook reads on a service account', () => {
    for (const key of Object.values(webhookAnnotations)) expect(JSON.stringify(policy.spec)).toContain(`'${key}'`);
  });

  test('is bound to the service accounts that the operator labels, and to all in labelled namespaces', () => {
    const label = { matchLabels: { [podIdentityLabel]: 'true' } };
    expect(labelled.spec).toEqual({
      policyName: policyRef.name,
      paramRef: { selector: label, parameterNotFoundAction: 'Allow' },
    });
    expect(annotated.spec).toMatchObject({
      policyName: policyRef.name,
      paramRef: { selector: {}, parameterNotFoundAction: 'Allow' },
      matchResources: { namespaceSelector: label },
    });
  });

  test('differs from config/pod-identity only by its region and by what tells whose it is', () => {
    const desired = desiredPolicy({ region: 'eu-central-1', owner, users: ['a/b', 'c/d'] });
    expect(desired.metadata).toEqual({
      ...policyRef,
      labels: { 'app.kubernetes.io/managed-by': 'irsa-operator' },
      annotations: {
        'irsa.giantswarm.io/installation': 'test',
        'irsa.giantswarm.io/owner': 'irsa-pod-identity',
        'irsa.giantswarm.io/home': 'home',
        'irsa.giantswarm.io/pod-identity-for': 'a/b,c/d',
      },
    });
    const text = JSON.stringify(desired['spec']);
    expect(text.replace("'eu-central-1'", "''")).toBe(JSON.stringify(policy.spec));
    expect(regionOf(desired as unknown as ObservedObject)).toBe('eu-central-1');
    expect(desiredBindings(owner).map((each) => each.metadata.name)).toEqual(bindingRefs.map(({ name }) => name));
  });

  test.each(["' + params.metadata.name + '", 'eu central', ''])(
    'takes no region that is more than a name: %j',
    (region) => {
      expect(() => desiredPolicy({ region, owner, users: [] })).toThrow('spec.region');
    },
  );
});

describe('what somebody else wrote', () => {
  const observed = (spec: unknown, text?: unknown) =>
    ({ metadata: { annotations: { 'irsa.giantswarm.io/pod-identity-for': text } }, spec }) as unknown as ObservedObject;

  test.each<[unknown]>([
    [undefined],
    [7],
    [{ variables: 'x' }],
    [{ variables: [null, { name: 'region', expression: "''" }] }],
  ])('has no region: %j', (spec) => expect(regionOf(observed(spec))).toBeUndefined());

  test('names only what can be an issuer, each once, and not more than ten', () => {
    expect(usersOf(observed({}, 'a/b,c,,../x,a/b,A/b,d/e.f'))).toEqual(['a/b', 'd/e.f']);
    expect(usersOf(observed({}, Array.from({ length: 99 }, (_, index) => `a/b${index}`).join()))).toHaveLength(10);
    expect(usersOf(observed({}, 7))).toEqual([]);
  });
});
