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

const fetch = (signal = new AbortController().signal) => documents.fetch(issuer, jwksURI, signal);

test('gives the documents as they are served over TLS, through the proxy', async () => {
  expect(await fetch()).toEqual({
    discovery: { issuer, jwks_uri: jwksURI },
    jwks: { keys: [{ kid: 'b' }, { kid: 'a' }, { kid: 'older' }] },
  });
  expect(asked).toEqual(['/.well-known/openid-configuration', '/keys.json']);
});

test.each([
  [
    'something else than JSON',
    '/keys.json',
    (response: ServerResponse) => response.end('<Error/>'),
    'not a JSON object',
  ],
  ['no object', '/keys.json', json(null), 'not a JSON object'],
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
  await expect(fetch()).rejects.toThrow(problem);
});

test('does not fetch a key set from wherever the document says', async () => {
  answers['/.well-known/openid-configuration'] = json({ issuer, jwks_uri: 'https://169.254.169.254/latest' });
  expect(await fetch()).toMatchObject({ jwks: undefined });
  expect(asked).toEqual(['/.well-known/openid-configuration']);
});

test('waits no longer than STS would', async () => {
  answers['/keys.json'] = () => undefined;
  const impatient = new HttpsIssuerDocuments(agent, 200);
  await expect(impatient.fetch(issuer, jwksURI, new AbortController().signal)).rejects.toThrow('no answer in time');
});

test('gives up with the operator', async () => {
  const stop = new AbortController();
  answers['/keys.json'] = () => stop.abort();
  await expect(fetch(stop.signal)).rejects.toThrow(jwksURI);
});

test('does not trust a certificate for another name', async () => {
  const url = 'https://elsewhere.example.com';
  await expect(documents.fetch(url, jwksURI, new AbortController().signal)).rejects.toThrow(
    `${url}/.well-known/openid-configuration: `,
  );
  expect(asked).toEqual([]);
});

function listen(listener: Server | Proxy): Promise<number> {
  return new Promise((resolve) => {
    listener.listen(0, '127.0.0.1', () => resolve((listener.address() as AddressInfo).port));
  });
}
