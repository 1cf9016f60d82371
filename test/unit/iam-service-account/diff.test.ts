import { describe, expect, test } from '@jest/globals';
import type { Role, RolePolicies, RoleSpec } from '../../../src/aws/roles.ts';
import { diffPolicies, diffRole } from '../../../src/controllers/iam-service-account/diff.ts';

const desired: RoleSpec = {
  name: 'reader',
  path: '/irsa/test/default/',
  trustPolicy: {},
  description: undefined,
  maxSessionDurationSeconds: undefined,
  permissionsBoundary: undefined,
  tags: { team: 'a' },
};
const observed: Role = {
  ...desired,
  arn: 'arn:aws:iam::111122223333:role/irsa/test/default/reader',
  createdAt: new Date(0),
  maxSessionDurationSeconds: 3600,
};
const boundary = 'arn:aws:iam::111122223333:policy/boundary';

describe('a role', () => {
  test('without wishes is as IAM makes it', () => expect(diffRole(desired, observed)).toBeUndefined());

  test.each<[string, Partial<RoleSpec>, Partial<Role>, object | undefined]>([
    [
      'gets a description',
      { description: 'reads' },
      {},
      { settings: { description: 'reads', maxSessionDurationSeconds: 3600 } },
    ],
    [
      'keeps its description when its session length changes',
      { description: 'reads', maxSessionDurationSeconds: 7200 },
      { description: 'reads' },
      { settings: { description: 'reads', maxSessionDurationSeconds: 7200 } },
    ],
    [
      'loses a description that is no longer asked for',
      {},
      { description: 'reads' },
      { settings: { description: '', maxSessionDurationSeconds: 3600 } },
    ],
    ['gets a boundary', { permissionsBoundary: boundary }, {}, { permissionsBoundary: boundary }],
    ['loses a boundary', {}, { permissionsBoundary: boundary }, { permissionsBoundary: null }],
    ['gets a changed tag', { tags: { team: 'b' } }, {}, { setTags: { team: 'b' } }],
    ['has nothing against the case of a tag key', { tags: { TEAM: 'a' } }, {}, undefined],
    ['keeps the tags of others', {}, { tags: { team: 'a', 'cost-centre': '7' } }, undefined],
  ])('%s', (_, wish, found, changes) => {
    expect(diffRole({ ...desired, ...wish }, { ...observed, ...found })).toEqual(changes);
  });
});

describe('policies', () => {
  const inline = (document: string, name = 'p'): RolePolicies => ({ managed: [], inline: [{ name, document }] });

  test.each([
    ['white space', '{"Version":"2012-10-17","Statement":[]}', '{ "Version": "2012-10-17",\n "Statement": [] }'],
    ['the order of keys', '{"Action":"s3:Get*","Effect":"Allow"}', '{"Effect":"Allow","Action":"s3:Get*"}'],
    ['the order of a list', '{"Action":["a","b"]}', '{"Action":["b","a"]}'],
    ['a list of one', '{"Action":["a"]}', '{"Action":"a"}'],
  ])('that differ only in %s are the same', (_, a, b) => expect(diffPolicies(inline(a), inline(b))).toBeUndefined());

  test.each([
    ['a value', '{"Action":"a"}', '{"Action":"b"}'],
    ['a further value', '{"Action":["a","b"]}', '{"Action":["a"]}'],
    ['a plus and a space', '{"Resource":"a+b"}', '{"Resource":"a b"}'],
    ['a percent sign and what it would decode to', '{"Resource":"a%2Fb"}', '{"Resource":"a/b"}'],
    ['text that is no JSON', '{"Resource":"a"}', 'broken'],
  ])('that differ in %s are put as the user wrote them', (_, want, have) => {
    expect(diffPolicies(inline(want), inline(have))).toEqual({
      attach: [],
      detach: [],
      put: [{ name: 'p', document: want }],
      delete: [],
    });
  });

  test('whose names differ only in case are the same', () => {
    const want: RolePolicies = {
      managed: ['arn:aws:iam::aws:policy/amazons3full'],
      inline: [{ name: 'Read', document: '{}' }],
    };
    const have: RolePolicies = {
      managed: ['arn:aws:iam::aws:policy/AmazonS3Full'],
      inline: [{ name: 'read', document: '{}' }],
    };
    expect(diffPolicies(want, have)).toBeUndefined();
  });

  test('that nobody asked for go, and those that are missing come', () => {
    const want: RolePolicies = { managed: ['kept', 'new'], inline: [{ name: 'new', document: '{}' }] };
    const have: RolePolicies = { managed: ['kept', 'old'], inline: [{ name: 'old', document: '{}' }] };
    expect(diffPolicies(want, have)).toEqual({
      attach: ['new'],
      detach: ['old'],
      put: [{ name: 'new', document: '{}' }],
      delete: ['old'],
    });
  });
});
