import { createServer as createProxy, type Server as Proxy } from 'node:http';
import { Agent, createServer, type Server } from 'node:https';
import { connect, type AddressInfo } from 'node:net';
import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { HttpsIssuerDocuments } from '../../../src/controllers/oidc-issuer/published.ts';
import { TestCA } from '../../backends/test-ca.ts';

const host = 'irsa.abcl0.example.com';
const issuer = `https://${host}`;
const jwksURI = `${issuer}/keys.json`;
const expected = { issuer, jwksURI, kids: ['a', 'b'] };

/** The internet: an HTTPS server with the host's certificate, reached through a proxy that resolves every name to it. */
let ca: TestCA;
let server: Server;
let proxy: Proxy;
let agent: Agent;
let documents: HttpsIssuerDocuments;
let answers: Record<string, (response: ServerResponse) => void>;
const asked: string[] = [];

const json = (body: unknown) => (response: ServerResponse) => response.end(JSON.stringify(body));

beforeAll(async () => {
  ca = await TestCA.create();
  const context = await ca.secureContext(host);
  server = createServer({ SNICallback: (_, done) => done(null, context) }, ({ url = '' }, response) => {
    asked.push(url);
    const answer = answers[url];
    if (answer) answer(response);
    else response.writeHead(403).end();
  });
  const port = await listen(server);
  proxy = createProxy().on('connect', (_request, client) => {
    const upstream = connect(port, '127.0.0.1', () => client.write('HTTP/1.1 200 OK\r\n\r\n'));
    client.pipe(upstream).pipe(client);
    for (const socket of [client, upstream]) socket.on('error', () => [client, upstream].map((end) => end.destroy()));
  });
  const HTTPS_PROXY = `http://127.0.0.1:${await listen(proxy)}`;
  agent = new Agent({ ca: ca.certificate, proxyEnv: { HTTPS_PROXY } });
  documents = new HttpsIssuerDocuments(agent);
});

afterAll(async () => {
  server.closeAllConnections();
  server.close();
  proxy.close();
  await ca.remove();
});

beforeEach(() => {
  asked.length = 0;
  answers = {
    '/.well-known/openid-configuration': json({ issuer, jwks_uri: jwksURI }),
    '/keys.json': json({ keys: [{ kid: 'b' }, { kid: 'a' }, { kid: 'older' }] }),
  };
});

const find = (signal = new AbortController().signal) => documents.findProblem(issuer, expected, signal);

test('finds nothing wrong with documents that are served over TLS, through the proxy', async () => {
  expect(await find()).toBeUndefined();
  expect(asked).toEqual(['/.well-known/openid-configuration', '/keys.json']);
});

test.each([
  [
    'another issuer',
    '/.well-known/openid-configuration',
    json({ issuer: `${issuer}/`, jwks_uri: jwksURI }),
    'does not name issuer',
  ],
  ['a set without one of the keys', '/keys.json', json({ keys: [{ kid: 'a' }] }), 'lacks key b'],
  ['a set that is none', '/keys.json', json({ keys: 'a, b' }), 'lacks key a, b'],
  ['something else than JSON', '/keys.json', (response: ServerResponse) => response.end('<Error/>'), 'no JSON object'],
  ['no object', '/keys.json', json(null), 'no JSON object'],
  ['an error', '/keys.json', (response: ServerResponse) => response.writeHead(403).end('{}'), 'HTTP status 403'],
  [
    'a redirect, which is not followed',
    '/keys.json',
    (response: ServerResponse) => response.writeHead(302, { location: issuer }).end(),
    'HTTP status 302',
  ],
  [
    'too much',
    '/keys.json',
    (response: ServerResponse) => response.end('a'.repeat(300 * 1024)),
    'more than 262144 bytes',
  ],
  ['a reset', '/keys.json', (response: ServerResponse) => response.destroy(), '/keys.json'],
])('names %s', async (_, path, answer, problem) => {
  answers[path] = answer;
  expect(await find()).toContain(problem);
});

test('does not fetch a key set from wherever the document says', async () => {
  answers['/.well-known/openid-configuration'] = json({ issuer, jwks_uri: 'https://169.254.169.254/latest' });
  expect(await find()).toContain(`does not name ${jwksURI}`);
  expect(asked).toEqual(['/.well-known/openid-configuration']);
});

test('waits no longer than STS would', async () => {
  answers['/keys.json'] = () => undefined;
  const impatient = new HttpsIssuerDocuments(agent, 200);
  expect(await impatient.findProblem(issuer, expected, new AbortController().signal)).toContain('no answer in time');
});

test('gives up with the operator, and throws, for then nothing is known', async () => {
  answers['/keys.json'] = () => undefined;
  const stop = new AbortController();
  const found = find(stop.signal);
  setTimeout(() => stop.abort(), 50);
  await expect(found).rejects.toThrow('abort');
});

test('does not trust a certificate for another name', async () => {
  const url = 'https://elsewhere.example.com';
  const problem = await documents.findProblem(url, expected, new AbortController().signal);
  expect(problem).toContain(`${url}/.well-known/openid-configuration: `);
  expect(asked).toEqual([]);
});

function listen(listener: Server | Proxy): Promise<number> {
  return new Promise((resolve) => {
    listener.listen(0, '127.0.0.1', () => resolve((listener.address() as AddressInfo).port));
  });
}
