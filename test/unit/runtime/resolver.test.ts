import { writeFileSync } from 'node:fs';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { lookupBy, lookUpOf, resolverOf, searchDomainsOf, type Resolved } from '../../../src/runtime/resolver.ts';
import { type Answer, Nameserver } from '../../fakes/nameserver.ts';

const servers: Nameserver[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.stop();
});

async function nameserver(names: Readonly<Record<string, Answer>>): Promise<Nameserver> {
  const server = await Nameserver.start((name) => names[name]);
  servers.push(server);
  return server;
}

const address = '192.0.2.7';
const found: Resolved[] = [{ address, family: 4 }];

test('a name is resolved by the servers that are given', async () => {
  const { address: nameservers } = await nameserver({ 'api.example.com': address });
  const resolve = resolverOf({ nameservers: [nameservers] });
  expect(await resolve('api.example.com', {})).toEqual(found);
  expect(await resolve('api.example.com', { family: 4 })).toEqual(found);
  await expect(resolve('api.example.com', { family: 6 })).rejects.toMatchObject({ code: 'ENODATA' });
  await expect(resolve('other.example.com', {})).rejects.toMatchObject({ code: 'ENOTFOUND' });
});

describe('a look at a name', () => {
  test.each<[string, string, object]>([
    ['its CNAME', 'irsa.example.com', { cname: 'd1.cloudfront.net', addresses: [] }],
    ['its addresses', 'd1.cloudfront.net', { cname: undefined, addresses: [address] }],
    ['that it does not exist', 'other.example.com', { cname: undefined, addresses: [] }],
  ])('tells %s', async (_, name, answer) => {
    const names = { 'irsa.example.com': { cname: 'd1.cloudfront.net' }, 'd1.cloudfront.net': address };
    const server = await nameserver(names);
    expect(await lookUpOf({ nameservers: [server.address] })(name)).toEqual(answer);
  });

  test('tells nothing if no server answers', async () => {
    const server = await nameserver({ 'irsa.example.com': 'silence' });
    expect(await lookUpOf({ nameservers: [server.address] })('irsa.example.com')).toBeUndefined();
  }, 15_000);
});

describe('search domains', () => {
  test('are tried after the name as it is written, in their order', async () => {
    const server = await nameserver({ 'api.prod.svc.cluster.local': address });
    const resolve = resolverOf({ nameservers: [server.address], searchDomains: ['team.svc', 'cluster.local'] });
    expect(await resolve('api.prod.svc', { family: 4 })).toEqual(found);
    expect(server.asked).toEqual(['api.prod.svc', 'api.prod.svc.team.svc', 'api.prod.svc.cluster.local']);
  });

  test('are not tried for a name that ends with a dot', async () => {
    const server = await nameserver({ 'api.cluster.local': address });
    const resolve = resolverOf({ nameservers: [server.address], searchDomains: ['cluster.local'] });
    await expect(resolve('api.', { family: 4 })).rejects.toMatchObject({ code: 'ENOTFOUND' });
  });

  test('are read from the last line of resolv.conf that names some', () => {
    const home = mkdtempSync(join(tmpdir(), 'irsa-resolv'));
    const file = join(home, 'resolv.conf');
    writeFileSync(
      file,
      'domain first.example\nnameserver 192.0.2.1\nsearch team.svc.cluster.local  svc.cluster.local .\n',
    );
    expect(searchDomainsOf(file)).toEqual(['team.svc.cluster.local', 'svc.cluster.local']);
    expect(searchDomainsOf(join(home, 'missing'))).toEqual([]);
    rmSync(home, { recursive: true });
  });
});

test('names of which the servers say nothing hold none of the threads that look up others', async () => {
  const silent = await nameserver(Object.fromEntries(['a', 'b', 'c', 'd', 'e'].map((name) => [name, 'silence'])));
  const resolve = resolverOf({ nameservers: [silent.address] });
  const looks = ['a', 'b', 'c', 'd', 'e'].map((name) => resolve(name, { family: 4 }).catch((error: unknown) => error));
  expect(process.getActiveResourcesInfo()).not.toContain('GetAddrInfoReqWrap');
  expect(await resolve('localhost', { family: 4 })).toEqual([{ address: '127.0.0.1', family: 4 }]);
  for (const error of await Promise.all(looks)) expect(error).toMatchObject({ code: 'ETIMEOUT' });
}, 15_000);

test.each(['localhost', 'a.localhost', 'LOCALHOST.'])('%s is this machine, and nobody is asked', async (name) => {
  const resolve = resolverOf({ nameservers: ['192.0.2.1'] });
  expect(await resolve(name, { family: 6 })).toEqual([{ address: '::1', family: 6 }]);
});

test('a socket gets one address or all, or the error', async () => {
  const resolve = async (name: string) => {
    if (name === 'bad') throw Object.assign(new Error('no'), { code: 'ENOTFOUND' });
    return found;
  };
  const look = (name: string, all: boolean) =>
    new Promise((done) => lookupBy(resolve)(name, { all }, (...answer) => done(answer)));
  expect(await look('good', true)).toEqual([null, found]);
  expect(await look('good', false)).toEqual([null, address, 4]);
  expect(await look('bad', false)).toEqual([expect.objectContaining({ code: 'ENOTFOUND' }), '']);
});
