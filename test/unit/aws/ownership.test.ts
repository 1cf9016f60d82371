import { describe, expect, test } from '@jest/globals';
import { isOurs, ownershipOf, ownershipTags } from '../../../src/aws/ownership.ts';

const owner = {
  installation: 'ginger',
  owner: 'OIDCIssuer/default/abcl0',
  home: 'here',
  takesOver: ['before'],
  adopts: false,
};
const own = ownershipTags(owner, 'abcl0');
const without = (key: string) => Object.fromEntries(Object.entries(own).filter(([other]) => other !== key));

test('ownership is written as four tags, or three where the cluster is not known', () => {
  expect(own).toEqual({
    'irsa.giantswarm.io/installation': 'ginger',
    'irsa.giantswarm.io/cluster': 'abcl0',
    'irsa.giantswarm.io/owner': 'OIDCIssuer/default/abcl0',
    'irsa.giantswarm.io/home': 'here',
  });
  expect(ownershipTags(owner, undefined)).toEqual(without('irsa.giantswarm.io/cluster'));
});

describe('an AWS object', () => {
  test.each([
    ['ours', 'with all three tags', own],
    ['ours', 'whatever else it carries', { ...own, team: 'a' }],
    ['ours', 'whatever its cluster, which is for people', { ...own, 'irsa.giantswarm.io/cluster': 'other' }],
    ['ours', 'without a cluster', without('irsa.giantswarm.io/cluster')],
    ['adoptable', 'of a home that is taken over', { ...own, 'irsa.giantswarm.io/home': 'before' }],
    ['unclaimed', 'without tags', {}],
    ['unclaimed', 'with the tags of strangers alone', { team: 'a', 'irsa.giantswarm.io/cluster': 'abcl0' }],
    ['anothers', 'of another installation', { ...own, 'irsa.giantswarm.io/installation': 'gauss' }],
    ['anothers', 'of another object', { ...own, 'irsa.giantswarm.io/owner': 'OIDCIssuer/default/other' }],
    ['anothers', 'without an installation', without('irsa.giantswarm.io/installation')],
    ['anothers', 'without an owner', without('irsa.giantswarm.io/owner')],
    ['anothers', 'without a home', without('irsa.giantswarm.io/home')],
    ['anothers', 'whose owner differs in case', { ...own, 'irsa.giantswarm.io/owner': 'oidcissuer/default/abcl0' }],
  ])('is %s %s', (state, _, tags) => {
    expect(ownershipOf(tags, owner)).toEqual({ state });
    expect(isOurs(tags, owner)).toBe(state === 'ours' || state === 'adoptable');
  });

  test('of the same owner in another cluster is told by its home', () => {
    const tags = { ...own, 'irsa.giantswarm.io/home': 'elsewhere' };
    expect(ownershipOf(tags, owner)).toEqual({ state: 'anothers', home: 'elsewhere' });
    expect(isOurs(tags, owner)).toBe(false);
  });

  test.each([
    ['adoptable', 'that both sides want adopted', { team: 'a', 'irsa.giantswarm.io/adopt': owner.owner }, true],
    ['unclaimed', 'that the object does not ask for', { 'irsa.giantswarm.io/adopt': owner.owner }, false],
    ['unclaimed', 'that another object may adopt', { 'irsa.giantswarm.io/adopt': 'OIDCIssuer/default/x' }, true],
    ['unclaimed', 'that nobody may adopt', { team: 'a' }, true],
    [
      'anothers',
      'of another object, whatever else it says',
      { ...own, 'irsa.giantswarm.io/owner': 'OIDCIssuer/default/x', 'irsa.giantswarm.io/adopt': owner.owner },
      true,
    ],
  ])('is %s %s', (state, _, tags, adopts) => {
    expect(ownershipOf(tags, { ...owner, adopts })).toEqual({ state });
  });

  test('of another owner is not taken over with a home', () => {
    const tags = {
      ...own,
      'irsa.giantswarm.io/home': 'before',
      'irsa.giantswarm.io/owner': 'OIDCIssuer/default/other',
    };
    expect(ownershipOf(tags, owner)).toEqual({ state: 'anothers' });
  });
});
