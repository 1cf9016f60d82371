import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { parseArgs } from 'node:util';
import { parse as parseYaml } from 'yaml';
import * as z from 'zod';
import { type Network, readNetwork } from './network.ts';
import { logLevels } from './observability/logger.ts';

const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** Of a Go duration of one or more parts: `1h30m`, `500ms`. */
const millisecondsOf = (text: string) =>
  [...text.matchAll(/(\d+)(ms|s|m|h)/g)].reduce((sum, [, count, unit]) => sum + Number(count) * units[unit ?? '']!, 0);

/** In milliseconds, with bounds: at zero a loop would spin, and a timer that is too long fires at once. */
function duration(standard: string, least: string, most: string) {
  return z
    .string()
    .regex(/^(\d+(ms|s|m|h))+$/, 'must be a duration such as 500ms, 30s, 5m or 1h30m')
    .transform(millisecondsOf)
    .refine((value) => value >= millisecondsOf(least) && value <= millisecondsOf(most), `must be ${least} to ${most}`)
    .prefault(standard);
}

/** With less than one call in ten seconds a pass would not end in its time. */
const rate = () => z.number().min(0.1).max(1000).optional();

const every = (standard: string) => duration(standard, '10ms', '24h');

/** An IP address, with or without a port. */
function isServer(text: string): boolean {
  const [, bracketed, plain = bracketed ?? '', port] =
    /^(?:\[([^\]]+)\]|([^\s:]+|[^\s[]*::?[^\s[]*))(?::(\d{1,5}))?$/.exec(text) ?? [];
  return isIP(text) !== 0 || (isIP(plain) !== 0 && Number(port ?? 53) <= 65_535);
}

const schema = z.strictObject({
  /** Unique among operators that share AWS accounts; part of role paths and tags, so it can never change. */
  installation: z
    .string({ error: 'is required: a name that no other operator in these AWS accounts has' })
    .regex(/^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/, 'must be 1 to 32 of a-z, 0-9 and -, not beginning or ending with -'),
  /** Where the operator runs: its STS is called, and its partition is that of all accounts. */
  region: z
    .string({ error: 'is required: set it, or AWS_REGION in the environment' })
    .regex(/^[a-z]{2,}(-[a-z]+)+-\d+$/, 'must be an AWS region such as eu-central-1'),
  /** The operator's own namespace, in which it records its installation. */
  namespace: z
    .string({ error: 'is required: set --namespace, or POD_NAMESPACE in the environment' })
    .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'must be the name of a namespace'),
  /** UIDs of namespace kube-system in other clusters, whose objects were moved or restored to this one for good. */
  takeOver: z.array(z.guid('must be the UID of namespace kube-system in another cluster')).default([]),
  logLevel: z.enum(logLevels).default('info'),
  /** Objects of one kind reconciled at the same time. */
  concurrency: z.int().min(1).max(64).default(32),
  /**
   * The most calls a second to each AWS account, by service. Where AWS throttles, the operator calls less by itself; a number
   * here leaves more to others who call in the account.
   */
  callsPerSecond: z
    .strictObject({ acm: rate(), cloudfront: rate(), iam: rate(), route53: rate(), s3: rate(), sts: rate() })
    .prefault({}),
  /** Of the servers that kubeconfigs of workload clusters name. */
  workloadClusters: z
    .strictObject({
      /** They may be on the operator's own machine: for demo and tests. */
      allowLoopback: z.boolean().default(false),
    })
    .prefault({}),
  /** How the operator looks at what is served under an issuer's URL. */
  issuerCheck: z
    .strictObject({
      mode: z.enum(['Required', 'Skip']).default('Required'),
      /** They resolve the issuer's name for the look, and records made by hand, if the operator's own see another zone than the world does. */
      nameservers: z
        .array(z.string().refine(isServer, 'must be an address such as 9.9.9.9, 9.9.9.9:53 or [2620:fe::fe]:53'))
        .default([]),
    })
    .prefault({}),
  /** For Prometheus and the kubelet's probes. */
  metrics: z
    .strictObject({
      /** 0: nothing is served. */
      port: z.int().min(0).max(65_535).default(8080),
    })
    .prefault({}),
  /** How soon something is looked at again. */
  intervals: z
    .strictObject({
      certificate: every('30s'),
      distribution: every('30s'),
      dns: every('10s'),
      documents: every('10s'),
      dependents: every('10s'),
      missing: every('30s'),
      propagation: every('1m'),
      keyCache: every('24h'),
      resync: every('5m'),
    })
    .prefault({}),
  /** How long running passes may go on after SIGTERM before their calls are aborted. */
  shutdownGrace: duration('20s', '0s', '5m'),
});

export type Config = Readonly<z.infer<typeof schema>> & { readonly network: Network };

/** What is wrong with the configuration: every problem at once, one a line. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** Settings that can also be given on the command line or in the environment, which win over the file in this order. */
const overrides = {
  installation: { flag: 'installation', variable: 'IRSA_OPERATOR_INSTALLATION' },
  region: { flag: 'region', variable: 'AWS_REGION' },
  namespace: { flag: 'namespace', variable: 'POD_NAMESPACE' },
  logLevel: { flag: 'log-level', variable: 'IRSA_OPERATOR_LOG_LEVEL' },
} as const;

/**
 * Reads flags, then the environment, then the file that `--config` (or IRSA_OPERATOR_CONFIG) names.
 * @throws ConfigError naming every problem
 */
export function loadConfig(args: readonly string[], environment: NodeJS.ProcessEnv): Config {
  const flags = readFlags(args);
  const file = flags.config ?? environment.IRSA_OPERATOR_CONFIG;
  const settings: Record<string, unknown> = file === undefined ? {} : readFile(file);
  for (const [key, { flag, variable }] of Object.entries(overrides)) {
    // AWS_REGION is the machine's default for every SDK, so the file wins over it.
    const fromEnvironment =
      variable === 'AWS_REGION' ? (settings[key] ?? environment[variable]) : environment[variable];
    const value = flags[flag] ?? fromEnvironment;
    if (value !== undefined) settings[key] = value;
  }
  const result = schema.safeParse(settings);
  const { network, problems } = readNetwork(environment);
  if (result.success && problems.length === 0) return { ...result.data, network };
  const issues = (result.error?.issues ?? []).map(
    ({ path, message }) => `${path.join('.') || 'configuration'}: ${message}`,
  );
  throw new ConfigError([...issues, ...problems].join('\n'));
}

function readFlags(args: readonly string[]) {
  const text = { type: 'string' } as const;
  try {
    const options = { config: text, installation: text, region: text, namespace: text, 'log-level': text };
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw new ConfigError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function readFile(file: string): Record<string, unknown> {
  let content: unknown;
  try {
    content = parseYaml(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new ConfigError(`reading ${file}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
  if (content === null) return {};
  if (typeof content !== 'object' || Array.isArray(content)) throw new ConfigError(`${file}: must be a YAML mapping`);
  return { ...content };
}
