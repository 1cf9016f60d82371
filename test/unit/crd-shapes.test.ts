import { describe, expect, test } from '@jest/globals';
import { type Kind, kinds, readSchema, walk } from '../crds/schema.ts';

const status = { observedGeneration: -1 };
const defaults: Readonly<Record<Kind, Readonly<Record<string, unknown>>>> = {
  OIDCIssuer: {
    'spec.deletionPolicy': 'Delete',
    'spec.suspend': false,
    'spec.cluster.kubeconfigSecretRef.key': 'value',
    'spec.allowedNamespaces.from': 'Same',
    status,
  },
  IAMServiceAccount: {
    'spec.deletionPolicy': 'Delete',
    'spec.suspend': false,
    'spec.issuerRefs.*.namespace': '',
    'spec.role.management': 'Full',
    'spec.serviceAccountPolicy': 'Annotate',
    status,
  },
  Guardrail: {},
};

/** Numbers and booleans, where a duration or a choice would be text. */
const numbersAndBooleans: Readonly<Record<Kind, readonly string[]>> = {
  OIDCIssuer: ['spec.suspend'],
  IAMServiceAccount: ['spec.session.regionalSTS', 'spec.suspend'],
  Guardrail: ['spec.issuers.inCluster', 'spec.roles.wildcardSubjects', 'spec.roles.maximum'],
};

describe.each(Object.keys(kinds) as Kind[])('the CRD of %s', (kind) => {
  const schemas = [...walk(readSchema(kind))].map(([path, schema]) => ({ place: path.join('.'), schema }));

  test('says of each CEL rule which field it is about', () => {
    const silent = schemas.flatMap(({ place, schema }) =>
      (schema['x-kubernetes-validations'] ?? [])
        .filter(({ fieldPath }) => fieldPath === undefined)
        .map(({ rule }) => `${place}: ${rule}`),
    );
    expect(silent).toEqual([]);
  });

  test('has only the defaults that were agreed', () => {
    const found = schemas
      .filter(({ schema }) => schema.default !== undefined)
      .map(({ place, schema }) => [place, schema.default]);
    expect(Object.fromEntries(found)).toEqual(defaults[kind]);
  });

  test('has durations as text and choices as words', () => {
    const types = schemas
      .filter(({ place }) => place.startsWith('spec.'))
      .filter(({ schema: { type } }) => type === 'integer' || type === 'number' || type === 'boolean')
      .map(({ place }) => place);
    expect(types).toEqual(numbersAndBooleans[kind]);
  });

  test('replaces the maps of alternatives as a whole', () => {
    const atomic = schemas.filter(({ schema }) => schema['x-kubernetes-map-type'] === 'atomic');
    const whole = ['spec.hosting', 'spec.signingKeys', 'spec.cluster', 'spec.allowedNamespaces'];
    expect(atomic.map(({ place }) => place)).toEqual(kind === 'OIDCIssuer' ? whole : []);
  });
});
