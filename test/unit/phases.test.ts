import { describe, expect, test } from '@jest/globals';
import { advance } from '../../src/controllers/oidc-issuer/site/phases.ts';
import type { SiteEntry } from '../../src/controllers/oidc-issuer/site/site.ts';
import { hours } from '../../src/runtime/duration.ts';

const start = Date.parse('2030-01-01T00:00:00Z');

function site(name: string, phase: SiteEntry['phase'], since = '2030-01-01T00:00:00Z'): SiteEntry {
  const bucket = { name: 'bucket', owned: true };
  return { url: `https://${name}.example.com`, hosting: 'CloudFront', phase, since, bucket };
}

/** The phases after some hours, for the site that the spec asks for and the sites that IAM trusts. */
function after(
  known: readonly SiteEntry[],
  current: SiteEntry,
  {
    age = 0,
    moved,
    trusted = ['new', 'old'],
    retention = 25,
  }: { age?: number; moved?: boolean; trusted?: string[]; retention?: number } = {},
): string[] {
  const sites = advance(known, current, {
    now: new Date(start + hours(age)),
    trusted: new Set(trusted.map((name) => `https://${name}.example.com`)),
    hasMoved: moved,
    keyRetention: hours(retention),
  });
  return sites.map(({ url, phase, since }) => `${url.slice(8).split('.')[0]} ${phase} ${since.slice(8, 13)}`);
}

const fresh = site('new', 'Current');

describe('a site that the spec no longer asks for', () => {
  test('serves on, and the new one comes first', () => {
    expect(after([site('old', 'Current')], fresh, { age: 5 })).toEqual(['new Current 01T00', 'old Serving 01T05']);
  });

  test('serves as long as the cluster’s new tokens carry its URL', () => {
    expect(after([fresh, site('old', 'Serving')], fresh, { age: 2_000, moved: false })).toContain('old Serving 01T00');
  });

  test('drains once new tokens carry the current URL', () => {
    expect(after([fresh, site('old', 'Serving')], fresh, { age: 5, moved: true })).toContain('old Draining 01T05');
  });

  test('is retired when the last token with its URL is too old', () => {
    const sites = [fresh, site('old', 'Draining')];
    expect(after(sites, fresh, { age: 24, moved: true })).toContain('old Draining 01T00');
    expect(after(sites, fresh, { age: 25, moved: true })).toContain('old Retiring 02T01');
  });

  test('drains as long as the spec says that keys stay', () => {
    const sites = [fresh, site('old', 'Draining')];
    expect(after(sites, fresh, { age: 48, moved: true, retention: 49 })).toContain('old Draining 01T00');
    expect(after(sites, fresh, { age: 49, moved: true, retention: 49 })).toContain('old Retiring 03T01');
  });

  test('is retired also where nobody can tell any more what the tokens carry', () => {
    expect(after([fresh, site('old', 'Draining')], fresh, { age: 25 })).toContain('old Retiring 02T01');
  });

  test('serves again when the cluster turns back', () => {
    const sites = [fresh, site('old', 'Draining')];
    expect(after(sites, fresh, { age: 26, moved: false })).toContain('old Serving 02T02');
  });

  test('goes on only while IAM trusts the current one', () => {
    const trusted = ['old'];
    expect(after([fresh, site('old', 'Serving')], fresh, { moved: true, trusted })).toContain('old Serving 01T00');
    expect(after([fresh, site('old', 'Draining')], fresh, { age: 99, trusted })).toContain('old Draining 01T00');
  });

  test('is retired at once where IAM never trusted it', () => {
    expect(after([site('old', 'Current')], fresh, { age: 5, trusted: [] })).toEqual([
      'new Current 01T00',
      'old Retiring 01T05',
    ]);
  });
});

test.each(['Serving', 'Draining', 'Retiring'] as const)(
  'a site that is %s is current again when the spec asks for it',
  (phase) => {
    const back = site('old', phase);
    expect(after([fresh, back], back, { age: 5, trusted: ['new', 'old'] })).toEqual([
      'old Current 01T05',
      'new Serving 01T05',
    ]);
  },
);
