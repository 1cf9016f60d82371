import { describe, expect, test } from '@jest/globals';
import * as tags from '../../../src/aws/tags.ts';

const own = { 'irsa.giantswarm.io/installation': 'ginger', 'irsa.giantswarm.io/owner': 'OIDCIssuer/default/abcl0' };

describe('the difference', () => {
  test('is what is missing and what has another value', () => {
    const changes = tags.diffTags({ ...own, team: 'a' }, { ...own, team: 'b', stage: 'test' });
    expect(changes).toEqual({ set: { team: 'b', stage: 'test' } });
    expect(tags.hasChanges(changes)).toBe(true);
  });

  test('is nothing where all is there, whatever else there is', () => {
    const changes = tags.diffTags({ ...own, foreign: 'x', 'irsa.giantswarm.io/adopt': 'y' }, own);
    expect(changes).toEqual({ set: {} });
    expect(tags.hasChanges(changes)).toBe(false);
  });

  test('leaves both sides as they are', () => {
    const [observed, desired] = [Object.freeze({ a: '1' }), Object.freeze({ b: '2' })];
    expect(tags.diffTags(observed, desired).set).toEqual({ b: '2' });
  });
});

test('lists go there and back', () => {
  expect(tags.fromTagList(tags.toTagList(own))).toEqual(own);
  expect(tags.fromTagList(undefined)).toEqual({});
});
