import { parse } from 'yaml';
import type { Access } from './access.ts';
import { isMap, type JsonMap } from './json.ts';

export class InvalidKubeconfigError extends Error {
  override readonly name = 'InvalidKubeconfigError';
}

/** The fields that we read of a cluster and of a user. Any other field could make us run, read or trust something, and is refused by name. */
const clusterFields = ['server', 'certificate-authority-data', 'tls-server-name'];
const userFields = ['client-certificate-data', 'client-key-data', 'token'];
const contextFields = ['cluster', 'user', 'namespace'];

/** Fields that do not change how we connect. */
const harmless = ['extensions'];

const largest = 1024 * 1024;

/**
 * How to reach the cluster of the current context. The text is data: nothing that it names is executed or opened.
 * @throws InvalidKubeconfigError naming what stands in the way, never quoting a credential
 */
export function accessOf(kubeconfig: string): Access {
  const config = parsed(kubeconfig);
  const current = config['current-context'];
  if (typeof current !== 'string' || current === '') throw new InvalidKubeconfigError('current-context is missing');
  const context = entry(config, { list: 'contexts', name: current, field: 'context', allowed: contextFields });
  const cluster = entry(config, {
    list: 'clusters',
    name: text(context, 'cluster'),
    field: 'cluster',
    allowed: clusterFields,
  });
  const user = entry(config, { list: 'users', name: text(context, 'user'), field: 'user', allowed: userFields });
  const ca = pem(cluster, 'certificate-authority-data');
  const servername = text(cluster, 'tls-server-name');
  const cert = pem(user, 'client-certificate-data');
  const key = pem(user, 'client-key-data');
  const token = text(user, 'token');
  if ((cert === undefined) !== (key === undefined)) {
    throw new InvalidKubeconfigError('client-certificate-data and client-key-data only work together');
  }
  return {
    server: httpsURL(text(cluster, 'server')),
    headers: token === undefined ? {} : { authorization: `Bearer ${headerSafe(token)}` },
    tls: {
      ...(ca !== undefined && { ca }),
      ...(servername !== undefined && { servername }),
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
    },
  };
}

function parsed(kubeconfig: string): JsonMap {
  if (kubeconfig.length > largest) throw new InvalidKubeconfigError('the kubeconfig has more than 1 MiB');
  let config: unknown;
  try {
    config = parse(kubeconfig, { maxAliasCount: 0, logLevel: 'error' });
  } catch {
    // The parser's own words would quote the text, with its credentials.
    throw new InvalidKubeconfigError('the kubeconfig is no YAML, or uses aliases');
  }
  if (!isMap(config)) throw new InvalidKubeconfigError('the kubeconfig is not a map');
  return config;
}

interface Wanted {
  readonly list: 'clusters' | 'contexts' | 'users';
  readonly name: string | undefined;
  readonly field: string;
  readonly allowed: readonly string[];
}

/** The named entry of a list; the first one if two have the name. */
function entry(config: JsonMap, { list, name, field, allowed }: Wanted): JsonMap {
  const items: unknown = config[list];
  const maps = Array.isArray(items) ? items.filter(isMap) : [];
  const value = maps.find((item) => item['name'] === name)?.[field];
  if (name === undefined || !isMap(value)) {
    throw new InvalidKubeconfigError(`${list} has no entry that the current context names`);
  }
  for (const [key, given] of Object.entries(value)) {
    if (given === undefined || given === null || given === '' || given === false) continue;
    if (!allowed.includes(key) && !harmless.includes(key)) {
      throw new InvalidKubeconfigError(`${key} is not allowed: only ${allowed.join(', ')} are read of a ${field}`);
    }
  }
  return value;
}

function text(map: JsonMap, field: string): string | undefined {
  const value = map[field];
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value !== 'string') throw new InvalidKubeconfigError(`${field} is not a text`);
  return value;
}

function pem(map: JsonMap, field: string): string | undefined {
  const value = text(map, field);
  if (value === undefined) return undefined;
  const decoded = Buffer.from(value, 'base64').toString('utf8');
  if (!decoded.includes('-----BEGIN ')) throw new InvalidKubeconfigError(`${field} is no base64 of PEM`);
  return decoded;
}

function httpsURL(server: string | undefined): string {
  const url = server !== undefined && URL.canParse(server) ? new URL(server) : undefined;
  if (!url) throw new InvalidKubeconfigError('server is no URL');
  if (url.protocol !== 'https:') throw new InvalidKubeconfigError('server must be an https URL');
  if (url.username !== '' || url.password !== '') throw new InvalidKubeconfigError('server holds credentials');
  return `${url.origin}${url.pathname}`;
}

function headerSafe(token: string): string {
  if (!/^[\x21-\x7e]+$/.test(token)) throw new InvalidKubeconfigError('token holds characters that no token has');
  return token;
}
