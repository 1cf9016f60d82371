import { validateTrustPolicy } from '@cloud-copilot/iam-policy';
import { runSimulation, type Simulation } from '@cloud-copilot/iam-simulate';

/** A policy document as IAM or S3 hands it out, parsed. */
export type PolicyDocument = Record<string, unknown>;

export type Verdict = 'Allowed' | 'ImplicitlyDenied' | 'ExplicitlyDenied';

/** What STS learns from a web identity token, and the role that is asked for with it. */
export interface WebIdentityRequest {
  readonly roleARN: string;
  readonly trustPolicy: PolicyDocument;
  /** The token's `iss`. */
  readonly issuer: string;
  /** The token's `sub`. */
  readonly subject: string;
  /** The token's `aud`. */
  readonly audience: string;
}

/** A call to AWS and every policy that has a say in it. */
export interface AccessRequest {
  /** ARN of a role, or the name of an AWS service. */
  readonly principal: string;
  readonly action: string;
  readonly resource: { readonly arn: string; readonly accountID: string };
  readonly context: Readonly<Record<string, string | readonly string[]>>;
  readonly identityPolicies: readonly PolicyDocument[];
  readonly boundary?: PolicyDocument | undefined;
  readonly resourcePolicy?: PolicyDocument | undefined;
}

/**
 * The evaluator looks at claims only of identity providers that it knows by name, so the issuer goes under the name of
 * one of those, in the policy and in the request alike.
 */
const knownProvider = 'cognito-identity.amazonaws.com';
/** Conditions of a policy on that provider's own claims: nothing in the request answers to them. */
const absentProvider = 'absent.invalid';

/** Judges sts:AssumeRoleWithWebIdentity by the role's trust policy; the token itself is taken as verified. */
export async function mayAssume(request: WebIdentityRequest): Promise<Verdict> {
  const problems = validateTrustPolicy(request.trustPolicy);
  if (problems.length > 0) {
    const list = problems.map(({ path, message }) => `${path}: ${message}`).join('; ');
    throw new Error(`judging the trust policy of ${request.roleARN}: IAM would not take it: ${list}`);
  }
  const provider = providerName(request.issuer);
  const [, partition = '', , , accountID = ''] = request.roleARN.split(':');
  return simulate({
    request: {
      principal: `arn:${partition}:iam::${accountID}:oidc-provider/${provider}`,
      action: 'sts:AssumeRoleWithWebIdentity',
      resource: { resource: request.roleARN, accountId: accountID },
      contextVariables: { [`${knownProvider}:sub`]: request.subject, [`${knownProvider}:aud`]: request.audience },
    },
    identityPolicies: [],
    resourcePolicy: renameConditionKeys(request.trustPolicy, provider),
  });
}

/** Judges any other call, across accounts too, as IAM does: identity policies, boundary and resource policy together. */
export async function mayCall(request: AccessRequest): Promise<Verdict> {
  if (request.resource.arn !== '*' && /[*?]/.test(request.resource.arn)) {
    throw new Error(`judging ${request.action} on ${request.resource.arn}: * and ? stand for other names here`);
  }
  return simulate({
    request: {
      principal: request.principal,
      action: request.action,
      resource: { resource: request.resource.arn, accountId: request.resource.accountID },
      contextVariables: mapValues(request.context, (value) => (typeof value === 'string' ? value : [...value])),
    },
    identityPolicies: request.identityPolicies.map((policy, index) => ({ name: `identity policy ${index}`, policy })),
    ...(request.boundary && { permissionBoundaryPolicies: [{ name: 'boundary', policy: request.boundary }] }),
    resourcePolicy: request.resourcePolicy,
  });
}

/** How IAM writes an issuer in ARNs and condition keys: without its scheme. */
export function providerName(issuer: string): string {
  return issuer.replace(/^https:\/\//, '');
}

async function simulate(
  simulation: Omit<Simulation, 'serviceControlPolicies' | 'resourceControlPolicies'>,
): Promise<Verdict> {
  const outcome = await runSimulation({ ...simulation, serviceControlPolicies: [], resourceControlPolicies: [] }, {});
  const what = `judging ${simulation.request.action} on ${simulation.request.resource.resource}`;
  if (outcome.resultType === 'error') throw new Error(`${what}: ${JSON.stringify(outcome.errors)}`);
  if (outcome.resultType === 'wildcard') throw new Error(`${what}: not a single resource`);
  const ignored = outcome.result.ignoredContextKeys ?? [];
  if (ignored.length > 0) throw new Error(`${what}: the evaluator did not look at ${ignored.join(', ')}`);
  return outcome.overallResult;
}

/** `Condition: {operator: {key: value}}` with the provider's keys renamed; all else stays as it is. */
function renameConditionKeys(policy: PolicyDocument, provider: string): PolicyDocument {
  const rename = (key: string): string => {
    const lower = key.toLowerCase();
    if (lower.startsWith(`${provider.toLowerCase()}:`)) return knownProvider + key.slice(provider.length);
    if (lower.startsWith(`${knownProvider}:`)) return absentProvider + key.slice(knownProvider.length);
    return key;
  };
  const statements = [policy['Statement']].flat().map((statement) => {
    if (!isRecord(statement) || !isRecord(statement['Condition'])) return statement;
    return { ...statement, Condition: mapValues(statement['Condition'], (tests) => renameKeys(tests, rename)) };
  });
  return { ...policy, Statement: statements };
}

function renameKeys(tests: unknown, rename: (key: string) => string): unknown {
  if (!isRecord(tests)) return tests;
  return Object.fromEntries(Object.entries(tests).map(([key, value]) => [rename(key), value]));
}

function mapValues<Value, Changed>(
  record: Readonly<Record<string, Value>>,
  change: (value: Value) => Changed,
): Record<string, Changed> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
