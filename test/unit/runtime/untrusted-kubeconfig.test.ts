import { describe, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import { accessOf, InvalidKubeconfigError } from '../../../src/runtime/untrusted-kubeconfig.ts';

const pem = (what: string) => Buffer.from(`-----BEGIN ${what}-----\nAAAA\n-----END ${what}-----\n`).toString('base64');

interface Parts {
  readonly cluster?: object;
  readonly user?: object;
  readonly context?: object;
  readonly top?: object;
}

function kubeconfig({ cluster = {}, user = {}, context = {}, top = {} }: Parts = {}): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'admin@abcl0',
    clusters: [
      {
        name: 'abcl0',
        cluster: {
          server: 'https://api.example.com:6443',
          'certificate-authority-data': pem('CERTIFICATE'),
          ...cluster,
        },
      },
    ],
    users: [{ name: 'admin', user: { token: 'secret-token', ...user } }],
    contexts: [{ name: 'admin@abcl0', context: { cluster: 'abcl0', user: 'admin', ...context } }],
    ...top,
  });
}

function refusal(text: string): string {
  try {
    accessOf(text);
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidKubeconfigError);
    return (error as Error).message;
  }
  return 'not refused';
}

test('a kubeconfig as Cluster API writes it is understood', () => {
  const text = kubeconfig({
    user: { 'client-certificate-data': pem('CERTIFICATE'), 'client-key-data': pem('RSA PRIVATE KEY') },
    cluster: { 'tls-server-name': 'kubernetes', 'insecure-skip-tls-verify': false },
    context: { namespace: 'default' },
    top: { preferences: {} },
  });
  const access = accessOf(text);
  expect(access.server).toBe('https://api.example.com:6443/');
  expect(access.headers).toEqual({ authorization: 'Bearer secret-token' });
  expect(access.tls.ca).toContain('BEGIN CERTIFICATE');
  expect(access.tls.key).toContain('BEGIN RSA PRIVATE KEY');
  expect(access.tls.servername).toBe('kubernetes');
  expect(access.tls).not.toHaveProperty('rejectUnauthorized');
});

describe('what could make us run, read or trust something is refused by name', () => {
  test.each<[string, Parts]>([
    ['exec', { user: { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: '/bin/sh' } } }],
    ['auth-provider', { user: { 'auth-provider': { name: 'gcp', config: { 'cmd-path': '/bin/sh' } } } }],
    ['tokenFile', { user: { tokenFile: '/var/run/secrets/kubernetes.io/serviceaccount/token' } }],
    ['client-certificate', { user: { 'client-certificate': '/etc/passwd' } }],
    ['client-key', { user: { 'client-key': '/etc/passwd' } }],
    ['username', { user: { username: 'admin' } }],
    ['password', { user: { password: 'hunter2' } }],
    ['as', { user: { as: 'system:masters' } }],
    ['certificate-authority', { cluster: { 'certificate-authority': '/etc/ssl/ca.pem' } }],
    ['insecure-skip-tls-verify', { cluster: { 'insecure-skip-tls-verify': true } }],
    ['insecure-skip-tls-verify', { cluster: { 'insecure-skip-tls-verify': 'true' } }],
    ['proxy-url', { cluster: { 'proxy-url': 'http://127.0.0.1:3128' } }],
    ['disable-compression', { cluster: { 'disable-compression': true } }],
    ['something-new', { context: { 'something-new': 'x' } }],
  ])('%s', (name, parts) => {
    expect(refusal(kubeconfig(parts))).toMatch(new RegExp(`^${name} is not allowed`));
  });

  test.each<[string, Parts]>([
    ['server must be an https URL', { cluster: { server: 'http://api.example.com' } }],
    ['server is no URL', { cluster: { server: 'api.example.com' } }],
    ['server is no URL', { cluster: { server: '' } }],
    ['server holds credentials', { cluster: { server: 'https://a:b@api.example.com' } }],
    ['certificate-authority-data is no base64 of PEM', { cluster: { 'certificate-authority-data': 'AAAA' } }],
    ['token is not a text', { user: { token: ['a'] } }],
    ['token holds characters that no token has', { user: { token: 'a\r\nx-remote-user: admin' } }],
    ['client-certificate-data and client-key-data', { user: { 'client-key-data': pem('PRIVATE KEY') } }],
    ['current-context is missing', { top: { 'current-context': '' } }],
    ['contexts has no entry', { top: { 'current-context': 'another' } }],
    ['clusters has no entry', { context: { cluster: 'another' } }],
    ['users has no entry', { top: { users: 'none' } }],
    ['users has no entry', { context: { user: undefined } }],
  ])('%s', (message, parts) => {
    expect(refusal(kubeconfig(parts))).toContain(message);
  });

  test('only the current context counts: what the others hold is never used', () => {
    const users = [
      { name: 'admin', user: { token: 'secret-token' } },
      { name: 'other', user: { exec: { command: '/bin/sh' } } },
    ];
    expect(accessOf(kubeconfig({ top: { users } })).headers).toEqual({ authorization: 'Bearer secret-token' });
  });

  test.each([
    ['text that is no YAML', 'token: "hunter2\n  : ['],
    ['aliases, which can grow without end', 'a: &a [hunter2]\nb: [*a, *a]'],
    ['no map', '- hunter2'],
    ['more than a MiB', `x: ${'hunter2'.repeat(200_000)}`],
  ])('%s, and the refusal quotes none of it', (_what, text) => {
    expect(refusal(text)).toMatch(/^the kubeconfig /);
    expect(refusal(text)).not.toContain('hunter2');
  });
});
