import { X509Certificate } from 'node:crypto';
import { beforeAll, expect, test } from '@jest/globals';
import { CertificateAuthority } from './certificates.ts';

// Read back by node:crypto: other code than that which wrote them.
let ca: CertificateAuthority;
let authority: X509Certificate;
beforeAll(async () => {
  ca = await CertificateAuthority.create('tests');
  authority = new X509Certificate(ca.certificate);
});
const issued = async (...request: Parameters<CertificateAuthority['issue']>) =>
  new X509Certificate((await ca.issue(...request)).certificate);

test('gives a client its user and groups, and no host', async () => {
  const client = await issued({ subject: 'O=system:masters,CN=admin' });
  expect(client.subject.split('\n').sort()).toEqual(['CN=admin', 'O=system:masters']);
  expect(client.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
  expect(client.subjectAltName).toBeUndefined();
});

test('gives a server its host names and addresses', async () => {
  const server = await issued({ subject: 'CN=api', hosts: ['127.0.0.1', '::1', 'localhost', '*.example.com'] });
  expect(server.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
  expect(server.checkIP('127.0.0.1')).toBe('127.0.0.1');
  expect(server.checkIP('::1')).toBe('::1');
  expect(server.checkHost('localhost')).toBe('localhost');
  expect(server.checkHost('a.example.com')).toBe('*.example.com');
  expect(server.checkHost('example.org')).toBeUndefined();
});

test('signs all with the one key, each with a key and a serial number of its own', async () => {
  const both = await Promise.all(['CN=a', 'CN=b'].map((subject) => ca.issue({ subject })));
  const [a, b] = both.map(({ certificate }) => new X509Certificate(certificate));
  expect(a?.verify(authority.publicKey) && b?.verify(authority.publicKey)).toBe(true);
  expect(a?.checkIssued(authority)).toBe(true);
  expect(a?.serialNumber).not.toBe(b?.serialNumber);
  expect(a?.publicKey.equals(b?.publicKey ?? a.publicKey)).toBe(false);
  expect([authority.ca, a?.ca]).toEqual([true, false]);
});
