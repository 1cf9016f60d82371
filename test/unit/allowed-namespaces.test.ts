import { describe, expect, test } from '@jest/globals';
import type { OIDCIssuer } from '../../src/api/kinds.ts';
import { namespaces } from '../../src/api/resources.ts';
import { allowsNamespace, matchesSelector } from '../../src/controllers/allowed-namespaces.ts';
import { FakeKube } from '../fakes/kube.ts';

type Allowed = OIDCIssuer['spec']['allowedNamespaces'];

const issuer = (allowedNamespaces: Allowed): OIDCIssuer => ({
  ...{ apiVersion: 'irsa.giantswarm.io/v1alpha1', kind: 'OIDCIssuer' },
  metadata: { namespace: 'platform', name: 'abcl0', uid: '1', resourceVersion: '1' },
  spec: {
    region: 'eu-central-1',
    hosting: {},
    deletionPolicy: 'Delete',
    suspend: false,
    ...(allowedNamespaces && { allowedNamespaces }),
  },
});

test.each<[string, Allowed, string, boolean]>([
  ['nothing said, its own', undefined, 'platform', true],
  ['nothing said, another', undefined, 'team-a', false],
  ['Same, another', { from: 'Same' }, 'team-a', false],
  ['All, another', { from: 'All' }, 'team-a', true],
  ['Selector, one with the label', { from: 'Selector', selector: { matchLabels: { team: 'a' } } }, 'team-a', true],
  ['Selector, one without', { from: 'Selector', selector: { matchLabels: { team: 'b' } } }, 'team-a', false],
  ['Selector, its own without', { from: 'Selector', selector: { matchLabels: { team: 'b' } } }, 'platform', true],
  ['Selector, one that is not there', { from: 'Selector', selector: {} }, 'gone', false],
  ['Selector without selector', { from: 'Selector' }, 'team-a', false],
])('an issuer lets in by %s: %s', async (_, allowed, namespace, lets) => {
  const kube = new FakeKube();
  kube.seed(namespaces, { metadata: { namespace: '', name: 'team-a', labels: { team: 'a' } } });
  expect(await allowsNamespace(issuer(allowed), namespace, kube)).toBe(lets);
});

describe('a selector', () => {
  const labels = { team: 'a', stage: 'live' };
  test.each([
    [{}, true],
    [{ matchLabels: { team: 'a', stage: 'live' } }, true],
    [{ matchLabels: { team: 'a', stage: 'test' } }, false],
    [{ matchExpressions: [{ key: 'team', operator: 'In', values: ['b', 'a'] }] }, true],
    [{ matchExpressions: [{ key: 'other', operator: 'In', values: ['a'] }] }, false],
    [{ matchExpressions: [{ key: 'team', operator: 'NotIn', values: ['a'] }] }, false],
    [{ matchExpressions: [{ key: 'other', operator: 'NotIn', values: ['a'] }] }, true],
    [{ matchExpressions: [{ key: 'team', operator: 'Exists' }] }, true],
    [{ matchExpressions: [{ key: 'other', operator: 'Exists' }] }, false],
    [{ matchExpressions: [{ key: 'other', operator: 'DoesNotExist' }] }, true],
    [{ matchLabels: { team: 'a' }, matchExpressions: [{ key: 'stage', operator: 'DoesNotExist' }] }, false],
  ] as const)('%j matches: %s', (selector, matches) => {
    expect(matchesSelector(structuredClone(selector) as Parameters<typeof matchesSelector>[0], labels)).toBe(matches);
  });
});
