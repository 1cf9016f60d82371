import { afterEach, expect, test } from '@jest/globals';
import { request } from 'node:http';
import { StatusServer } from '../../../src/observability/status-server.ts';

const servers: StatusServer[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

function newServer() {
  const state = { isReady: false };
  const server = new StatusServer({ render: () => 'metric 1\n', isReady: () => state.isReady });
  servers.push(server);
  return { server, state };
}

function ask(port: number, path: string, method = 'GET'): Promise<[number | undefined, string]> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path, method, agent: false }, (response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => (body += chunk.toString()));
      response.on('end', () => resolve([response.statusCode, `${response.headers['content-type']}|${body}`]));
    })
      .on('error', reject)
      .end();
  });
}

test('serves the metrics, and the process’s life before it is ready', async () => {
  const { server, state } = newServer();
  const port = await server.listen(0);
  expect(await ask(port, '/metrics')).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8|metric 1\n']);
  expect(await ask(port, '/healthz')).toEqual([200, 'text/plain; charset=utf-8|ok\n']);
  expect((await ask(port, '/readyz'))[0]).toBe(503);
  state.isReady = true;
  expect((await ask(port, '/readyz?verbose'))[0]).toBe(200);
});

test('answers nothing else', async () => {
  const { server } = newServer();
  const port = await server.listen(0);
  for (const path of ['/', '/metrics/', '/toString', '//metrics']) expect((await ask(port, path))[0]).toBe(404);
  for (const method of ['POST', 'DELETE']) expect((await ask(port, '/metrics', method))[0]).toBe(405);
  expect(await ask(port, '/healthz', 'HEAD')).toEqual([200, 'text/plain; charset=utf-8|']);
});

test('rejects if another program has the port', async () => {
  const port = await newServer().server.listen(0);
  await expect(newServer().server.listen(port)).rejects.toThrow(/EADDRINUSE/);
});
