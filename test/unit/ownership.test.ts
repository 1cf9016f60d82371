import { expect, test } from '@jest/globals';
import { mustBeOurs } from '../../src/controllers/ownership.ts';

const owner = {
  installation: 'ginger',
  owner: 'IAMServiceAccount/team-a/reader',
  home: 'here',
  takesOver: [],
  adopts: false,
};
const heldBy = (holder: string) => ({
  'irsa.giantswarm.io/installation': 'ginger',
  'irsa.giantswarm.io/owner': holder,
  'irsa.giantswarm.io/home': 'here',
});
const refuse = (tags: Record<string, string>) => () =>
  mustBeOurs({ what: 'role reader', tags }, owner, 'choose another spec.role.name, or delete that role');

test('what another object of the namespace has is said to be its, and nobody is told to delete it', () => {
  expect(refuse(heldBy('IAMServiceAccount/team-a/writer'))).toThrow(
    'role reader belongs to IAMServiceAccount writer and is left alone: choose another name',
  );
});

test('of another namespace nothing is told but that it is another', () => {
  const act = refuse(heldBy('IAMServiceAccount/team-b/secret'));
  expect(act).toThrow('role reader belongs to an object of another namespace and is left alone');
  expect(act).not.toThrow(/team-b|secret/);
});

test('what carries no tags of ours is said with the remedy', () => {
  for (const tags of [
    {},
    { ...heldBy('IAMServiceAccount/team-a/writer'), 'irsa.giantswarm.io/installation': 'gauss' },
  ]) {
    expect(refuse(tags)).toThrow(
      "does not carry this object's tags: choose another spec.role.name, or delete that role",
    );
  }
});
