import { describe, expect, test } from '@jest/globals';
import type { OIDCIssuer } from '../../src/api/kinds.ts';
import { leavingIssuerIndex } from '../../src/controllers/references.ts';

const site = (name: string, phase: string) => ({ url: `https://${name}.example.com`, phase });
const candidates = ['team/abcl0', 'https://new.example.com', 'https://old.example.com'];

/** The keys under which an issuer with these sites is found. */
function keysOf(sites: readonly object[], metadata: object = {}): readonly string[] {
  const ref = { namespace: 'team', name: 'abcl0' };
  const issuer = { metadata: { ...ref, ...metadata }, status: { sites } } as unknown as OIDCIssuer;
  const index = leavingIssuerIndex();
  index.changed({ ref, selected: index.select(issuer), kind: 'changed', pending: false });
  return candidates.filter((key) => index.under(key).length > 0);
}

describe('an issuer is woken by roles', () => {
  test('that trust a site which is being retired', () => {
    expect(keysOf([site('new', 'Current'), site('old', 'Retiring')])).toEqual(['https://old.example.com']);
  });

  test('that trust any of its sites or refer to it, while it is being deleted', () => {
    const deleting = { deletionTimestamp: '2030-01-01T00:00:00Z' };
    expect(keysOf([site('new', 'Current'), site('old', 'Serving')], deleting)).toEqual(candidates);
  });

  test('never while all of its sites stay', () => {
    expect(keysOf([site('new', 'Current'), site('old', 'Draining')])).toEqual([]);
  });
});
