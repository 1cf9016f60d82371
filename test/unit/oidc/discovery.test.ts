import { expect, test } from '@jest/globals';
import { discoveryDocument, discoveryURL } from '../../../src/oidc/discovery.ts';

test('says all that STS asks for', () => {
  expect(discoveryDocument('https://irsa.example.com')).toEqual({
    issuer: 'https://irsa.example.com',
    jwks_uri: 'https://irsa.example.com/keys.json',
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: expect.arrayContaining(['RS256', 'ES256']),
    claims_supported: ['iss', 'sub'],
  });
});

test('may name keys that are published elsewhere', () => {
  const document = discoveryDocument('https://irsa.example.com', 'https://keys.example.com/keys.json');
  expect(document).toMatchObject({
    issuer: 'https://irsa.example.com',
    jwks_uri: 'https://keys.example.com/keys.json',
  });
});

test('stands where OIDC clients look', () => {
  expect(discoveryURL('https://irsa.example.com')).toBe('https://irsa.example.com/.well-known/openid-configuration');
});
