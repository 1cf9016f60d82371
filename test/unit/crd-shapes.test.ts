import { describe, expect, test } from '@jest/globals';
import { type Fields, iamServiceAccountFields, oidcIssuerFields } from '../../src/controllers/not-implemented.ts';
import { type Kind, kinds, readSchema, walk } from '../crds/schema.ts';

const fields: Readonly<Record<Kind, Fields>> = {
  OIDCIssuer: oidcIssuerFields,
  IAMServiceAccount: iamServiceAccountFields,
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
    const defaults = schemas
      .filter(({ schema }) => schema.default !== undefined)
      .map(({ place, schema }) => [place, schema.default]);
    expect(Object.fromEntries(defaults)).toEqual({
      'spec.deletionPolicy': 'Delete',
      'spec.suspend': false,
      status: { observedGeneration: -1 },
      ...(kind === 'OIDCIssuer'
        ? { 'spec.cluster.kubeconfigSecretRef.key': 'value', 'spec.allowedNamespaces.from': 'Same' }
        : {
            'spec.issuerRefs.*.namespace': '',
            'spec.role.management': 'Full',
            'spec.serviceAccountPolicy': 'Annotate',
          }),
    });
  });

  test('has durations as text and choices as words', () => {
    const types = schemas
      .filter(({ place }) => place.startsWith('spec.'))
      .filter(({ schema: { type } }) => type === 'integer' || type === 'number' || type === 'boolean')
      .map(({ place }) => place);
    expect(types).toEqual(kind === 'OIDCIssuer' ? ['spec.suspend'] : ['spec.session.regionalSTS', 'spec.suspend']);
  });

  test('replaces the maps of alternatives as a whole', () => {
    const atomic = schemas.filter(({ schema }) => schema['x-kubernetes-map-type'] === 'atomic');
    const whole = ['spec.hosting', 'spec.signingKeys', 'spec.cluster', 'spec.allowedNamespaces'];
    expect(atomic.map(({ place }) => place)).toEqual(kind === 'OIDCIssuer' ? whole : []);
  });

  /** The description of the field, or of one that holds it: nobody reads the leaves of what does not work as a whole. */
  test.each(Object.keys(fields[kind].notBuilt))('says first that %s is not built', (path) => {
    const steps = `spec.${path.replaceAll('[]', '.*')}`.split('.');
    const above = steps.map((_, index) => steps.slice(0, index + 1).join('.'));
    const descriptions = schemas.filter(({ place }) => above.includes(place)).map(({ schema }) => schema.description);
    expect(descriptions.filter((text) => /^[^.]*\b(not built|is built) yet/i.test(text ?? ''))).toHaveLength(1);
  });
});
