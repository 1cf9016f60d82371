import { once } from 'node:events';
import { createServer as createProxy, type Server as Proxy } from 'node:http';
import { Agent, createServer, type Server } from 'node:https';
import { connect, type AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { HttpsIssuerDocuments } from '../../../src/controllers/oidc-issuer/registrations/published.ts';
import { type Resolve, resolverOf } from '../../../src/runtime/resolver.ts';
import { TestCA } from '../../backends/test-ca.ts';
import { Nameserver } from '../../fakes/nameserver.ts';

/** A proxy resolves names itself. */
const nowhere: Resolve = (name) => Promise.reject(new Error(`nobody looks up ${name}`));
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
  documents = new HttpsIssuerDocuments(agent, { resolve: nowhere });
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
    (response: ServerResponse) => response.end('a'.repeat(600 * 1024)),
    'more than 524288 bytes',
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
  const impatient = new HttpsIssuerDocuments(agent, { resolve: nowhere, deadline: 200 });
  await expect(impatient.fetch(issuer, jwksURI, new AbortController().signal)).rejects.toThrow('no answer in time');
});

test('waits no longer for a proxy that takes connections and says nothing', async () => {
  const connections: Duplex[] = [];
  const silent = createProxy().on('connect', (_request, connection) => connections.push(connection));
  const HTTPS_PROXY = `http://127.0.0.1:${await listen(silent)}`;
  const throughIt = new Agent({ proxyEnv: { HTTPS_PROXY } });
  const pass = new AbortController();
  const looks = [
    new HttpsIssuerDocuments(throughIt, { resolve: nowhere, deadline: 50 }).fetch(
      issuer,
      jwksURI,
      new AbortController().signal,
    ),
    new HttpsIssuerDocuments(throughIt, { resolve: nowhere }).fetch(issuer, jwksURI, pass.signal),
  ].map((look) => expect(look).rejects.toThrow('no answer in time'));
  while (connections.length < 2) await once(silent, 'connect');
  pass.abort();
  await Promise.all(looks);
  expect(connections.map(({ destroyed }) => destroyed)).toEqual([false, false]);
  for (const connection of connections) connection.destroy();
  silent.close();
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

test('resolves the name by the servers that it is given', async () => {
  const direct = new Agent({ ca: ca.certificate });
  const { port } = server.address() as AddressInfo;
  const nameserver = await Nameserver.start((name) => (name === host ? '127.0.0.1' : undefined));
  try {
    const resolve = resolverOf({ nameservers: [nameserver.address] });
    const byServer = new HttpsIssuerDocuments(direct, { resolve, allowInside: true });
    const url = `${issuer}:${port}`;
    const signal = new AbortController().signal;
    await expect(byServer.fetch(url, `${url}/keys.json`, signal)).resolves.toMatchObject({ discovery: { issuer } });
    const unknown = `https://unknown.example.com:${port}`;
    await expect(byServer.fetch(unknown, unknown, signal)).rejects.toMatchObject({ cause: { code: 'ENOTFOUND' } });
  } finally {
    nameserver.stop();
    direct.destroy();
  }
});

describe('tells whoever wrote the alias nothing of what is inside', () => {
  const secret = 'vault.corp.internal';
  let inside: Server;
  let direct: Agent;
  beforeAll(async () => {
    const context = await ca.secureContext(secret);
    inside = createServer({ SNICallback: (_, done) => done(null, context) }, (_, response) => response.end('{}'));
    await listen(inside);
    direct = new Agent({ ca: ca.certificate });
  });
  afterAll(() => {
    direct.destroy();
    inside.closeAllConnections();
    inside.close();
  });

  const openPort = () => (inside.address() as AddressInfo).port;
  const toThisMachine: Resolve = () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]);
  const told = (url: string, options: { readonly resolve?: Resolve; readonly allowInside?: boolean }) =>
    new HttpsIssuerDocuments(direct, { resolve: nowhere, ...options })
      .fetch(url, jwksURI, new AbortController().signal)
      .then(() => 'served', messageOf);
  const messageOf = (error: unknown) => (error as Error).message;

  test('where its name has an address inside: an open port and a closed one are alike', async () => {
    const words = [openPort(), 1].map(async (port) => [
      port,
      await told(`${issuer}:${port}`, { resolve: toThisMachine }),
    ]);
    expect(await Promise.all(words)).toEqual(
      [openPort(), 1].map((port) => [
        port,
        `${issuer}:${port}/.well-known/openid-configuration: the name has no public address`,
      ]),
    );
  });

  test.each(['127.0.0.1', '[::1]', '0x7f.1'])('where it is the address %s', async (address) => {
    expect(await told(`https://${address}:${openPort()}`, {})).toContain('the name has no public address');
  });

  test.each([
    ['has a certificate of another name', openPort, 'no answer over HTTPS with a certificate that is trusted and for'],
    ['refuses the connection', () => 1, 'no answer'],
  ])('where the server %s', async (_, port, words) => {
    const message = await told(`${issuer}:${port()}`, { resolve: toThisMachine, allowInside: true });
    expect(message).toContain(`/.well-known/openid-configuration: ${words}`);
    expect(message).not.toMatch(/127[.]0|corp|altname|ECONN/);
  });

  test('where the proxy does not connect', async () => {
    const closed = createProxy().on('connect', (_, client) => client.end('HTTP/1.1 403 Forbidden\r\n\r\n'));
    const proxied = new Agent({ proxyEnv: { HTTPS_PROXY: `http://127.0.0.1:${await listen(closed)}` } });
    const fetching = new HttpsIssuerDocuments(proxied, { resolve: nowhere }).fetch(
      issuer,
      jwksURI,
      new AbortController().signal,
    );
    const message = await fetching.then(() => 'served', messageOf);
    proxied.destroy();
    closed.close();
    expect(message).toBe(`${issuer}/.well-known/openid-configuration: the proxy does not connect to it`);
  });
});
