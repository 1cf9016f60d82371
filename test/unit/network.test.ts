import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { get } from 'node:https';
import { createServer as createTcpServer, type AddressInfo, type Server as TcpServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates } from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { agentOf, NetworkAgent, readNetwork } from '../../src/network.ts';

/** A proxy that notes what it is asked for, and refuses it. */
let proxy: Server;
let address: string;
let asked: { readonly host: string | undefined; readonly authorization: string | undefined }[];
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'irsa-network-'));
  proxy = createServer().on('connect', (request, socket) => {
    asked.push({ host: request.url, authorization: request.headers['proxy-authorization'] });
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  address = `127.0.0.1:${(proxy.address() as AddressInfo).port}`;
});
afterAll(() => {
  proxy.close();
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  asked = [];
});

/** Tries to fetch from the host, which fails: either the proxy refuses, or nobody is there. */
async function tryToReach(host: string, environment: Readonly<Record<string, string>>) {
  const { network, problems } = readNetwork(environment);
  expect(problems).toEqual([]);
  const agent = new NetworkAgent(network);
  const lookup = (_name: string, _options: object, done: (error: Error, address: string) => void) =>
    done(new Error('not looked up'), '');
  await new Promise((resolve) =>
    get(`https://${host}/`, { agent, lookup }).on('error', resolve).on('response', resolve),
  );
  agent.destroy();
  return asked.map((each) => each.host);
}

describe('the proxy', () => {
  test.each([
    ['without a scheme', () => ({ HTTPS_PROXY: address })],
    ['with a scheme', () => ({ HTTPS_PROXY: `http://${address}` })],
    ['in lower case, which comes first', () => ({ https_proxy: address, HTTPS_PROXY: '127.0.0.1:1' })],
    ['for all schemes', () => ({ ALL_PROXY: address })],
    ['for all schemes beside an empty one', () => ({ HTTPS_PROXY: '', all_proxy: address })],
  ])('is found %s', async (_, environment) => {
    expect(await tryToReach('iam.amazonaws.com', environment())).toEqual(['iam.amazonaws.com:443']);
  });

  test('gets the user and the password of its URL', async () => {
    await tryToReach('iam.amazonaws.com', { HTTPS_PROXY: `user:p%40ss@${address}` });
    expect(asked[0]?.authorization).toBe(`Basic ${Buffer.from('user:p@ss').toString('base64')}`);
  });

  test.each([
    ['example.com', 'example.com', true],
    ['example.com', 'a.b.example.com', true],
    ['.example.com', 'a.example.com', true],
    ['*.example.com', 'a.example.com', true],
    ['EXAMPLE.com.', 'a.example.com', true],
    ['example.com', 'notexample.com', false],
    ['other.example, example.com', 'a.example.com', true],
    ['other.example example.com', 'a.example.com', true],
    ['*', 'iam.amazonaws.com', true],
    ['example.com:443', 'example.com', true],
    ['example.com:8443', 'example.com', false],
    ['example.com:443', 'a.example.com', false],
    ['127.0.0.9', '127.0.0.9:1', true],
    ['127.0.0.0/8', '127.200.0.9:1', true],
    ['127.0.0.8/30', '127.0.0.11:1', true],
    ['127.0.0.8/30', '127.0.0.12:1', false],
    ['0.0.0.0/0', '127.0.0.12:1', true],
    ['::1', '[::1]:1', true],
    ['[::1]', '[::1]:1', true],
    ['fd00::/8', '[fdff::1]:1', true],
    ['FD00:EC2::/32', '[fd00:ec2::23]:1', true],
    ['fd00::/8', '[fe00::1]:1', false],
    ['0.0.0.0/0', '[::1]:1', false],
    ['::1/128', '[::1]:1', true],
    ['localhost', 'iam.amazonaws.com', false],
  ])('under NO_PROXY=%s, for %s is passed by: %p', async (bypass, host, passedBy) => {
    const reached = await tryToReach(host, { HTTPS_PROXY: address, NO_PROXY: bypass });
    expect(reached).toHaveLength(passedBy ? 0 : 1);
  });
});

describe('a connection that is not made in time', () => {
  const timeout = 10_000;
  let server: TcpServer;
  let connections: Socket[];
  let answer: string;
  beforeEach(async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] });
    connections = [];
    answer = '';
    server = createTcpServer((socket) => {
      connections.push(socket);
      socket.on('error', () => undefined).once('data', () => socket.write(answer));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterEach(() => {
    jest.useRealTimers();
    for (const socket of connections) socket.destroy();
    server.close();
  });
  const addressOf = () => `127.0.0.1:${(server.address() as AddressInfo).port}`;

  test.each([
    ['the proxy is silent', '', 1],
    ['who stands behind the proxy is silent', 'HTTP/1.1 200 OK\r\n\r\n', 2],
  ])('is ended where %s, although its request was given up before', async (_, said, heard) => {
    answer = said;
    const agent = agentOf(readNetwork({ HTTPS_PROXY: `http://${addressOf()}` }).network, timeout);
    const request = get('https://iam.amazonaws.com', { agent });
    const ended = expect(once(request, 'close')).rejects.toThrow('no tunnel within 10000 ms');
    const [connection] = (await once(server, 'connection')) as [Socket];
    for (let count = 0; count < heard; count++) await once(connection, 'data');
    request.destroy();
    jest.advanceTimersByTime(timeout - 1);
    await new Promise(setImmediate);
    expect(connection.destroyed).toBe(false);
    const closed = once(connection, 'close');
    jest.advanceTimersByTime(1);
    await Promise.all([ended, closed]);
    expect(connections).toHaveLength(1);
  });

  test('is left to its request where there is no proxy', async () => {
    const agent = agentOf(readNetwork({}).network, timeout);
    const request = get(`https://${addressOf()}`, { agent });
    const ended = once(request, 'error');
    const [socket] = (await once(request, 'socket')) as [Socket];
    jest.advanceTimersByTime(timeout);
    expect(socket.destroyed).toBe(false);
    request.destroy();
    await ended;
  });
});

describe('what is not understood is named with its variable, and without a password', () => {
  test.each([
    ['HTTPS_PROXY', 'socks5://user:secret@proxy.corp:1080', 'a proxy of type socks5 is not supported'],
    ['https_proxy', 'http://user:secret@', 'must be a proxy such as'],
    ['ALL_PROXY', 'http://user:secret@proxy:port', 'must be a proxy such as'],
    ['NO_PROXY', '10.0.0.0/33', '10.0.0.0/33 is not a range'],
    ['NO_PROXY', 'fd00::/129', 'fd00::/129 is not a range'],
    ['NO_PROXY', 'fd00::/', 'fd00::/ is not a range'],
    ['NO_PROXY', 'example.com/8', 'example.com/8 is not a range'],
    ['no_proxy', 'exa$mple.com', 'exa$mple.com is not a name'],
    ['AWS_CA_BUNDLE', '/nowhere/ca.pem', '/nowhere/ca.pem cannot be read'],
  ])('%s=%s', (name, value, problem) => {
    const { problems } = readNetwork({ [name]: value });
    expect(problems).toEqual([expect.stringContaining(`${name}: `)]);
    expect(problems[0]).toContain(problem);
    expect(problems[0]).not.toContain('secret');
  });

  test('all of it at once', () => {
    const { problems } = readNetwork({ HTTPS_PROXY: 'socks5://proxy', NO_PROXY: '/', AWS_CA_BUNDLE: folder });
    expect(problems.map((problem) => problem.split(':')[0])).toEqual(['HTTPS_PROXY', 'NO_PROXY', 'AWS_CA_BUNDLE']);
  });
});

describe('AWS_CA_BUNDLE', () => {
  test('is trusted beside what Node trusts', () => {
    const file = join(folder, 'ca.pem');
    const [certificate = ''] = getCACertificates('default');
    writeFileSync(file, certificate);
    const { network } = readNetwork({ AWS_CA_BUNDLE: file });
    expect(network.ca).toEqual([...getCACertificates('default'), certificate]);
    expect(readNetwork({}).network.ca).toBeUndefined();
  });

  test('that holds no certificate is refused', () => {
    const file = join(folder, 'empty.pem');
    writeFileSync(file, 'hello');
    expect(readNetwork({ AWS_CA_BUNDLE: file }).problems).toEqual([
      `AWS_CA_BUNDLE: ${file} holds no certificate in PEM`,
    ]);
  });
});
