import { expect, test } from '@jest/globals';
import { judge } from '../../../src/oidc/served.ts';

const issuer = 'https://irsa.abcl0.example.com';
const jwksURI = `${issuer}/keys.json`;
const rsa = { kid: 'a', use: 'sig', alg: 'RS256', kty: 'RSA', n: 'modulus', e: 'AQAB' };
const ec = { kid: 'b', use: 'sig', alg: 'ES256', kty: 'EC', crv: 'P-256', x: 'x', y: 'y' };
const discovery = { issuer, jwks_uri: jwksURI };
const published = { jwksURI, keys: [rsa, ec] };

const verdict = (keys: unknown, said: Record<string, unknown> = discovery) =>
  judge(issuer, { discovery: said, jwks: { keys } }, published);

test('the documents of the bucket are ours, in whatever order and words', () => {
  const { alg: _, use: __, ...bare } = rsa;
  expect(verdict([ec, { ...bare, x5c: ['certificate'] }])).toEqual({ state: 'ours' });
});

test.each([
  ['another key', { ...rsa, kid: 'evil' }, 'key evil'],
  ['our key id over another modulus', { ...rsa, n: 'another' }, 'key a'],
  ['our key id over another exponent', { ...rsa, e: 'Aw' }, 'key a'],
  ['our key id over another algorithm', { ...rsa, alg: 'RS512' }, 'key a'],
  ['our key id over another point', { ...ec, y: 'another' }, 'key b'],
  ['our key id over another curve', { ...ec, crv: 'P-384' }, 'key b'],
  ['our key under another id', { ...ec, kid: 'c' }, 'key c'],
  ['a key without id', { kty: 'RSA', n: 'n', e: 'e' }, 'key without kid'],
])('%s beside ours is proof that somebody else answers', (_, key, text) => {
  expect(verdict([rsa, ec, key])).toEqual({ state: 'foreign', message: expect.stringContaining(text) });
});

test('a discovery document that names another key set is proof', () => {
  const said = { issuer, jwks_uri: 'https://evil.example.com/keys.json' };
  expect(judge(issuer, { discovery: said, jwks: undefined }, published)).toMatchObject({ state: 'foreign' });
});

test('the document of the alias under the distribution’s own URL is no proof, and not the right one either', () => {
  const own = 'https://d1.cloudfront.net';
  const message = `${own}/.well-known/openid-configuration does not name ${own}/keys.json`;
  expect(judge(own, { discovery, jwks: undefined }, published)).toEqual({ state: 'unproven', message });
  const named = { issuer: own, jwks_uri: `${own}/keys.json` };
  expect(judge(own, { discovery: named, jwks: { keys: [rsa, ec] } }, published)).toEqual({ state: 'ours' });
  expect(judge(issuer, { discovery: named, jwks: undefined }, published)).toMatchObject({ state: 'foreign' });
});

test.each([
  ['a set without one of our keys', [rsa], discovery, 'lacks key b'],
  ['a set that is none', 'a, b', discovery, 'lacks key a, b'],
  ['entries that are no keys', [rsa, 'c', null], discovery, 'lacks key b'],
  ['another issuer, with our key set', [rsa, ec], { ...discovery, issuer: `${issuer}/` }, 'does not name issuer'],
  ['a discovery document without key set', [rsa, ec], { issuer }, `does not name ${jwksURI}`],
])('%s proves nothing', (_, keys, said, text) => {
  expect(verdict(keys, said)).toEqual({ state: 'unproven', message: expect.stringContaining(text) });
});
