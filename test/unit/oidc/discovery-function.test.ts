import { expect, test } from '@jest/globals';
import { discoveryDocument } from '../../../src/oidc/discovery.ts';
import { discoveryFunction } from '../../../src/oidc/discovery-function.ts';
import { runFunction } from '../../backends/aws/edge-function.ts';

const own = 'd111111abcdef8.cloudfront.net';
const path = '/.well-known/openid-configuration';
const run = (host: string, asked = path) =>
  runFunction(discoveryFunction(), { host, path: asked, distributionID: 'E1', distributionDomain: own });

test.each([own, own.toUpperCase()])('answers %s with a discovery document that names the distribution', (host) => {
  const answer = run(host);
  if (!('status' in answer)) throw new Error('the request went on');
  expect(answer).toMatchObject({ status: 200, headers: { 'content-type': 'application/json' } });
  expect(JSON.parse(answer.body)).toEqual(discoveryDocument(`https://${own}`));
});

test.each([
  ['the alias’s own document', 'irsa.abcl0.example.com', path],
  ['the document under a name that only ends like the distribution’s', `x${own}`, path],
  ['the document under another distribution’s name', 'd222222abcdef8.cloudfront.net', path],
  ['the keys', own, '/keys.json'],
  ['what begins with the path', own, `${path}/more`],
])('lets requests for %s go on as they came', (_, host, asked) => {
  expect(run(host, asked)).toEqual({ path: asked });
});

test('is far below the 10 KB that CloudFront takes, and has nothing but ASCII', () => {
  expect(discoveryFunction().length).toBeLessThan(2_000);
  expect(discoveryFunction()).toMatch(/^[\n\x20-\x7e]*$/);
});
