import { describe, expect, test } from '@jest/globals';
import * as tags from '../../../src/aws/tags.ts';

const own = { 'irsa.giantswarm.io/installation': 'ginger', 'irsa.giantswarm.io/owner': 'OIDCIssuer/default/abcl0' };

describe('the difference', () => {
  test('is what is missing and what has another value', () => {
    const changes = tags.diffTags({ ...own, team: 'a' }, { ...own, team: 'b', stage: 'test' });
    expect(changes).toEqual({ set: { team: 'b', stage: 'test' }, remove: [] });
    expect(tags.hasChanges(changes)).toBe(true);
  });

  test('is nothing where all is there, whatever else there is', () => {
    const changes = tags.diffTags({ ...own, foreign: 'x', 'irsa.giantswarm.io/adopt': 'y' }, own);
    expect(changes).toEqual({ set: {}, remove: [] });
    expect(tags.hasChanges(changes)).toBe(false);
  });

  test('takes away what we set once and no longer want, and nothing of others', () => {
    const observed = { ...own, team: 'a', foreign: 'x' };
    expect(tags.diffTags(observed, own, { former: ['team', 'gone'] })).toEqual({ set: {}, remove: ['team'] });
    expect(tags.diffTags(observed, { ...own, team: 'a' }, { former: ['team'] })).toEqual({ set: {}, remove: [] });
  });

  test('counts keys that differ only in case as one where AWS does', () => {
    const observed = { Team: 'a', Stage: 'x' };
    const rules = { former: ['stage'], ignoreCase: true };
    expect(tags.diffTags(observed, { team: 'a' }, rules)).toEqual({ set: {}, remove: ['Stage'] });
    expect(tags.diffTags(observed, { team: 'b' }, rules)).toEqual({ set: { team: 'b' }, remove: ['Stage'] });
    expect(tags.diffTags(observed, { team: 'a' }, { former: ['stage'] })).toEqual({ set: { team: 'a' }, remove: [] });
  });

  test('leaves both sides as they are', () => {
    const [observed, desired] = [Object.freeze({ a: '1' }), Object.freeze({ b: '2' })];
    expect(tags.diffTags(observed, desired).set).toEqual({ b: '2' });
  });
});

test('changes lead from the one to the other', () => {
  const observed = { ...own, team: 'a', foreign: 'x' };
  const changes = tags.diffTags(observed, { ...own, stage: 'test' }, { former: ['team'] });
  expect(tags.changedTags(observed, changes)).toEqual({ ...own, foreign: 'x', stage: 'test' });
});

test('lists go there and back', () => {
  expect(tags.fromTagList(tags.toTagList(own))).toEqual(own);
  expect(tags.fromTagList(undefined)).toEqual({});
});
