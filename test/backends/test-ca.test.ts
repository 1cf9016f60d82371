import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { existsSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type Server } from 'node:tls';
import { TestCA } from './test-ca.ts';

let ca: TestCA;
let server: Server;
beforeAll(async () => {
  ca = await TestCA.create();
  server = createServer(
    { SNICallback: (host, done) => void ca.secureContext(host).then((context) => done(null, context), done) },
    (socket) => socket.end(),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  server?.close();
  await ca?.remove();
});

/** Resolves with the names on the certificate once the handshake has verified it. */
function handshake(servername: string, options: { ca?: string } = { ca: ca.certificate }): Promise<string | undefined> {
  const { port } = server.address() as AddressInfo;
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', servername, ...options }, () => {
      resolve(socket.getPeerCertificate().subjectaltname);
      socket.end();
    });
    socket.on('error', reject);
  });
}

test('issues a certificate for each host name on demand', async () => {
  expect(await handshake('irsa.abcl0.example.com')).toBe('DNS:irsa.abcl0.example.com');
  expect(await handshake('d111.cloudfront.net')).toBe('DNS:d111.cloudfront.net');
});

test('is trusted by nobody who was not given its certificate', async () => {
  await expect(handshake('irsa.abcl0.example.com', {})).rejects.toThrow(/unable to (get|verify)/);
});

test('leaves nothing behind', async () => {
  const other = await TestCA.create();
  await other.remove();
  expect(existsSync(other.certificateFile)).toBe(false);
});
