import type { GuardrailSpec } from '../../../src/api/generated/guardrail.ts';
import type { IAMServiceAccount } from '../../../src/api/kinds.ts';
import { iamServiceAccounts } from '../../../src/api/resources.ts';
import type { Call } from '../../fakes/aws/fake-aws.ts';
import type { FakeRole } from '../../fakes/aws/iam.ts';
import { grants, issuers, type RandomIssuer } from './random-specs.ts';
import { accountID as own, ref, roleName, type Story } from './story.ts';

type Rules = NonNullable<GuardrailSpec['roles']>;
type Statement = Readonly<Record<string, unknown>>;
type Tests = Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;

interface Write extends Call {
  /** The role just before. */
  readonly before: Pick<FakeRole, 'arn' | 'path' | 'name' | 'tags' | 'trustPolicy'> | undefined;
}

/** What administrators have set up just now. */
export interface Circumstances {
  readonly guardrails: readonly GuardrailSpec[];
  /** The label of the object's namespace. */
  readonly team: string;
}

/** What holds while a pass runs. */
interface Situation {
  readonly object: IAMServiceAccount;
  readonly deleting: boolean;
  /** The Guardrails that select the object's namespace. */
  readonly inForce: readonly GuardrailSpec[];
}

/** What somebody else wrote into roles that the object may name. One Sid is as another operator's. */
export const theirStatements: readonly Statement[] = [
  { Sid: 'Lambda', Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' },
  {
    Sid: 'Irsa0123456789ab0123456789ab',
    Effect: 'Allow',
    Principal: { Federated: `arn:aws:iam::${own}:oidc-provider/theirs.example.com` },
    Action: 'sts:AssumeRoleWithWebIdentity',
    Condition: { StringEquals: { 'theirs.example.com:sub': 'x', 'theirs.example.com:aud': 'y' } },
  },
];
const theirs = new Set(theirStatements.map((each) => JSON.stringify(each)));

const owner = 'IAMServiceAccount/default/s3-reader';
const defaultPath = '/irsa/test/default/';
const tag = (key: string) => `irsa.giantswarm.io/${key}`;

/** Whether the value fits the pattern, by a regular expression made of it. */
function fits(pattern: string, value: string, flags = ''): boolean {
  const parts = pattern.split('*').map((part) => part.replaceAll(/[.+^$()[\]{}|\\]/g, String.raw`\$&`));
  return new RegExp(`^${parts.join('.*').replaceAll('?', '.')}$`, `s${flags}`).test(value);
}
const fitsOne = (patterns: readonly string[] = [], value: string, flags = '') =>
  patterns.some((pattern) => fits(pattern, value, flags));

/** What stands for a pattern of namespaces: if all of these are allowed, so is the pattern. */
const examples = (pattern: string) =>
  pattern.includes('*') ? ['', 'x', 'kube-system', '-a'].map((text) => pattern.replaceAll('*', text)) : [pattern];

const statementsOf = (text: string | undefined): Statement[] =>
  text === undefined ? [] : [(JSON.parse(text) as { Statement: Statement | Statement[] }).Statement].flat();
const others = (text: string) => JSON.stringify({ ...(JSON.parse(text) as object), Statement: undefined });

const isOurs = (tags: Readonly<Record<string, string>>) =>
  tags[tag('installation')] === 'test' && tags[tag('owner')] === owner && tags[tag('home')] === 'home-of-test';
const isUnclaimed = (tags: Readonly<Record<string, string>>) =>
  !['installation', 'owner', 'home'].some((key) => tag(key) in tags);

const secondsOf = (duration: string) =>
  [...duration.matchAll(/(\d+)([hm])/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * (unit === 'h' ? 3600 : 60),
    0,
  );

/**
 * Looks at each call that an operator sends, and says which one no Guardrail allows. It shares no code with the operator: it judges
 * what arrives on AWS, and not what the object asks for.
 */
export class Overseer {
  readonly problems: string[] = [];
  /** What happened, so that a test can tell whether its random lives come to the interesting places. */
  readonly reached = new Set<string>();
  readonly #tagged = new Set<string>();
  readonly #accounts = new Set<string>();
  readonly #assumed = new Map<string, Set<string>>();
  #writes: Write[] = [];

  constructor(
    private readonly story: Story,
    private readonly circumstances: Circumstances,
  ) {
    story.aws.gate = (_, act) => {
      this.#see();
      return act();
    };
  }

  /** One pass, if there is an object. */
  async watch(pass: () => Promise<unknown>): Promise<void> {
    const situation = this.#situation();
    if (!situation) return;
    const { calls } = this.story.aws;
    const from = calls.length;
    this.#writes = [];
    await pass().catch((error: unknown) => this.problems.push(`the pass threw ${String(error)}`));
    const seen = calls.slice(from).filter(({ operation }) => operation !== 'GetCallerIdentity');
    for (const { operation, input } of seen) if (operation === 'AssumeRole') this.#noteAssumed(input);
    if (situation.deleting) this.#judgeRemoval(situation, seen);
    else this.#judgePass(situation, seen);
    for (const { account } of seen) this.#accounts.add(account);
    if (!situation.deleting) this.#judgeStatus(situation);
  }

  /** Notes a write together with the role as it is before. */
  #see(): void {
    const call = this.story.aws.calls.at(-1);
    if (!call) return;
    const named = String(call.input['RoleName']);
    const { roles } = this.story.aws.account(call.account).iam;
    const role = roles.get(named) ?? [...roles.values()].find(({ name }) => name.toLowerCase() === named.toLowerCase());
    this.#writes.push({ ...call, before: role && { ...role, tags: { ...role.tags } } });
  }

  #situation(): Situation | undefined {
    const { kube } = this.story;
    const object = kube.get<IAMServiceAccount>(iamServiceAccounts, ref);
    if (!object) return undefined;
    const inForce = this.circumstances.guardrails.filter(({ namespaces: names, namespaceSelector }) =>
      names ? fitsOne(names, ref.namespace) : namespaceSelector?.matchLabels['team'] === this.circumstances.team,
    );
    return { object, deleting: object.metadata.deletionTimestamp !== undefined, inForce };
  }

  #noteAssumed({ RoleArn = '', ExternalId }: Call['input']): void {
    const arn = String(RoleArn);
    const id = arn.split(':')[4] ?? '';
    this.#assumed.set(id, (this.#assumed.get(id) ?? new Set()).add(arn));
    // The namespace of the object that names the role, which is the default one for all that do.
    if (ExternalId !== 'test/default') this.problems.push(`assumed ${arn} with the external id ${String(ExternalId)}`);
  }

  /** One Guardrail must allow all that a pass does. */
  #judgePass(situation: Situation, calls: readonly Call[]): void {
    if (calls.length === 0) return;
    const judged = situation.inForce.map((guardrail) => this.#problemsUnder(guardrail, situation, calls));
    const [best = ['there is no Guardrail']] = judged.toSorted((a, b) => a.length - b.length);
    this.problems.push(...best);
  }

  #problemsUnder(guardrail: GuardrailSpec, situation: Situation, calls: readonly Call[]): string[] {
    const { roles: rules } = guardrail;
    if (!rules) return ['the Guardrail allows no IAMServiceAccount'];
    return [
      ...calls.flatMap((call) => (this.#mayReach(guardrail, call) ? [] : [`${call.operation} in ${call.account}`])),
      ...((rules.maximum ?? 1) < 1 ? ['there are more objects than the Guardrail allows'] : []),
      ...this.#writes.flatMap((write) =>
        this.#problemsOf(write, { rules, ...situation }).map((problem) => `${write.operation}: ${problem}`),
      ),
    ];
  }

  #mayReach({ accounts }: GuardrailSpec, { operation, account, input }: Call): boolean {
    const patterns = accounts.filter((each) => each !== 'Own');
    if (operation === 'AssumeRole') return fitsOne(patterns, String(input['RoleArn']));
    if (account === own) return accounts.includes('Own');
    return [...(this.#assumed.get(account) ?? [])].some((arn) => fitsOne(patterns, arn));
  }

  #problemsOf(write: Write, situation: Situation & { readonly rules: Rules }): string[] {
    const { input, operation, before } = write;
    const text = (field: string) => input[field] as string | undefined;
    const { rules } = situation;
    const found: (string | false)[] = [];
    if (operation === 'CreateRole') {
      found.push(
        ...nameProblems({ name: text('RoleName') ?? '', path: text('Path') ?? '/' }, rules),
        situation.object.spec.role?.management === 'TrustOnly' && 'it made a role of somebody else',
      );
    } else if (before) found.push(...touchProblems(before, operation, situation));
    const tags = Object.fromEntries(
      ((input['Tags'] ?? []) as { Key: string; Value: string }[]).map(({ Key, Value }) => [Key, Value]),
    );
    const strangeTags = Object.keys(tags).filter(
      (key) => !key.startsWith(tag('')) && !fitsOne(rules.tagKeys, key, 'i'),
    );
    found.push(strangeTags.length > 0 && `the tags ${strangeTags.join()}`);
    for (const key of Object.keys(tags)) this.#tagged.add(key.toLowerCase());
    const forced = rules.permissionsBoundary;
    switch (operation) {
      case 'CreateRole':
        this.reached.add('a role');
        if (text('PermissionsBoundary') !== situation.object.spec.role?.permissionsBoundary)
          this.reached.add('a forced boundary');
        found.push(
          forced !== undefined && text('PermissionsBoundary') !== forced && 'another boundary than the forced one',
          !isOurs(tags) && 'a role without our tags',
          ...this.#longProblems(input['MaxSessionDuration'], rules),
          ...this.#trustProblems(write, text('AssumeRolePolicyDocument') ?? '', situation),
        );
        break;
      case 'UpdateRole':
        found.push(...this.#longProblems(input['MaxSessionDuration'], rules));
        break;
      case 'UpdateAssumeRolePolicy':
        found.push(...this.#trustProblems(write, text('PolicyDocument') ?? '', situation));
        break;
      case 'PutRolePermissionsBoundary':
        found.push(forced !== undefined && text('PermissionsBoundary') !== forced && 'another boundary');
        break;
      case 'DeleteRolePermissionsBoundary':
        found.push(forced !== undefined && 'took the forced boundary away');
        break;
      case 'AttachRolePolicy':
        found.push(!mayAttach(text('PolicyArn') ?? '', rules) && `the policy ${text('PolicyArn')}`);
        this.reached.add('a managed policy');
        break;
      case 'PutRolePolicy':
        found.push(!mayGrant(text('PolicyDocument') ?? '', rules) && `the document ${text('PolicyDocument')}`);
        this.reached.add('an inline policy');
        break;
      case 'UntagRole':
        found.push(
          !(input['TagKeys'] as string[]).every((key) => this.#tagged.has(key.toLowerCase())) &&
            'a tag of somebody else',
        );
        break;
      case 'TagRole':
      case 'DetachRolePolicy':
      case 'DeleteRolePolicy':
        break;
      default:
        found.push('nobody asked for it');
    }
    if (write.account !== own) this.reached.add('another account');
    return found.filter((each) => each !== false);
  }

  #longProblems(seconds: unknown, { maxSessionDuration }: Rules): string[] {
    const asked = (seconds as number | undefined) ?? 3600;
    return maxSessionDuration !== undefined && asked > secondsOf(maxSessionDuration) ? [`${asked} seconds`] : [];
  }

  /** What is wrong with a trust policy that is sent. What stood in the role before was judged before. */
  #trustProblems(write: Write, sent: string, situation: Situation & { readonly rules: Rules }): string[] {
    const { before, account } = write;
    const trustOnly = situation.object.spec.role?.management === 'TrustOnly';
    const after = statementsOf(sent);
    const stood = new Set(statementsOf(before?.trustPolicy).map((each) => JSON.stringify(each)));
    const problems: string[] = [];
    if (trustOnly && before) problems.push(...foreignProblems(before.trustPolicy, sent));
    for (const statement of after) {
      const text = JSON.stringify(statement);
      if (theirs.has(text)) {
        if (!trustOnly) problems.push(`a foreign statement in a role of ours: ${text}`);
        continue;
      }
      if (statement['Effect'] === 'Deny') continue;
      problems.push(...shapeProblems(statement).map((problem) => `${problem} in ${text}`));
      if (stood.has(text)) continue;
      problems.push(...this.#grantProblems(statement, account, situation).map((problem) => `${problem} in ${text}`));
      if (trustOnly) this.reached.add("a statement in somebody else's role");
      if (text.includes('StringLike')) this.reached.add('a wildcard');
    }
    if (after.filter(({ Effect }) => Effect === 'Allow').length > 1 && !trustOnly) this.reached.add('several issuers');
    return problems;
  }

  /** Whether the issuer, and the namespaces of the subjects, may be trusted now. */
  #grantProblems(
    { Principal, Condition }: Statement,
    account: string,
    { object: { spec }, rules }: Situation & { readonly rules: Rules },
  ): string[] {
    const arn = (Principal as { Federated: string }).Federated;
    const issuer = issuers.find(({ host }) => arn === `arn:aws:iam::${account}:oidc-provider/${host}`);
    if (!issuer?.accounts.includes(account)) return [`no provider of this account is ${arn}`];
    const tests = Condition as Tests;
    const { StringEquals: equals = {}, StringLike: like } = tests;
    const subs = [(like ?? equals)[`${issuer.host}:sub`] ?? []].flat();
    const asked = spec.subjects.map(({ namespace, name }) => `system:serviceaccount:${namespace}:${name}`);
    const ownOnly = this.#referredInCluster(spec.issuerRefs) ? [ref.namespace] : ['*'];
    const allowed = rules.subjectNamespaces ?? ownOnly;
    const outside = spec.subjects
      .flatMap(({ namespace }) => examples(namespace))
      .find((namespace) => !fitsOne(allowed, namespace));
    const isReferred = spec.issuerRefs.some(
      ({ namespace, name }) => (namespace || ref.namespace) === issuer.namespace && name === issuer.name,
    );
    return [
      ...(subs.toSorted().join() === asked.toSorted().join() ? [] : [`subjects that are not ${asked.join()}`]),
      ...(like && !rules.wildcardSubjects ? ['a wildcard'] : []),
      ...(outside === undefined ? [] : [`namespace ${outside}`]),
      ...(isReferred ? [] : [`issuer ${issuer.name}, which the object does not name,`]),
      ...(this.#admits(issuer) ? [] : [`issuer ${issuer.name}, which does not admit us,`]),
    ];
  }

  #referredInCluster(refs: IAMServiceAccount['spec']['issuerRefs']): boolean {
    return refs.some(({ name }) => issuers.some((issuer) => issuer.name === name && issuer.inCluster));
  }

  #admits({ namespace, admits, inCluster }: RandomIssuer): boolean {
    const label = this.circumstances.team;
    const isAdmitted = namespace === ref.namespace || admits === 'All' || (admits === 'Selector' && label === 'a');
    const mayBeInCluster = (this.#situation()?.inForce ?? []).some((each) => each.issuers?.inCluster);
    return isAdmitted && (!inCluster || mayBeInCluster);
  }

  /** A deletion is always allowed. It only takes away, and only what is ours. */
  #judgeRemoval({ object: { spec }, inForce }: Situation, calls: readonly Call[]): void {
    if (spec.deletionPolicy === 'Retain' && calls.length > 0) this.problems.push('Retain, and AWS was called');
    for (const call of calls) {
      const id = call.operation === 'AssumeRole' ? String(call.input['RoleArn']).split(':')[4] : call.account;
      const isKnown = this.#accounts.has(id ?? '') || inForce.some((guardrail) => this.#mayReach(guardrail, call));
      if (!isKnown) this.problems.push(`a removal opens account ${id}`);
    }
    for (const { operation, input, before } of this.#writes) {
      if (operation === 'UpdateAssumeRolePolicy' && before) {
        const sent = String(input['PolicyDocument']);
        const stood = new Set(statementsOf(before.trustPolicy).map((each) => JSON.stringify(each)));
        const added = statementsOf(sent).filter(
          (each) => each['Effect'] === 'Allow' && !stood.has(JSON.stringify(each)),
        );
        if (added.length > 0) this.problems.push(`a removal trusts ${JSON.stringify(added)}`);
        this.problems.push(...foreignProblems(before.trustPolicy, sent));
      } else if (!['DetachRolePolicy', 'DeleteRolePolicy', 'DeleteRole'].includes(operation)) {
        this.problems.push(`a removal sends ${operation}`);
      } else if (before && !isOurs(before.tags)) this.problems.push(`${operation} on a role that is not ours`);
    }
  }

  /** No condition tells of a failure that nobody foresaw, and an object that is ready has what it asks for and no more. */
  #judgeStatus({ inForce }: Situation): void {
    const object = this.story.kube.get<IAMServiceAccount>(iamServiceAccounts, ref);
    const { conditions = [], accountID = '', roleName: name = '', issuers: trusted = [] } = object?.status ?? {};
    const failed = conditions.find(({ reason }) => reason === 'ReconciliationFailed');
    if (failed) this.problems.push(`${failed.type} is ${failed.reason}: ${failed.message}`);
    const of = (type: string) => conditions.find((each) => each.type === type);
    if (of('Accepted')?.reason === 'NotAllowed') this.reached.add('a refusal');
    const isReady =
      of('Ready')?.status === 'True' && of('Accepted')?.observedGeneration === object?.metadata.generation;
    if (!object || !isReady) return;
    this.reached.add('an object that is ready');
    const role = this.story.aws.account(accountID).iam.roles.get(name);
    if (!role) return void this.problems.push('ready without a role');
    const subs = object.spec.subjects.length;
    const statements = statementsOf(role.trustPolicy).filter(
      (each) => each['Effect'] === 'Allow' && !theirs.has(JSON.stringify(each)),
    );
    const referred = object.spec.issuerRefs.length;
    if (statements.length !== (subs === 0 ? 0 : referred) || trusted.length !== referred)
      this.problems.push(`ready, and ${statements.length} statements for ${referred} issuers`);
    if (object.spec.role?.management === 'TrustOnly') return;
    const isWithin = ({ roles: rules }: GuardrailSpec) =>
      rules !== undefined &&
      [...role.managed].every((arn) => mayAttach(arn, rules)) &&
      [...role.inline.values()].every((document) => mayGrant(document, rules)) &&
      (rules.permissionsBoundary === undefined || role.permissionsBoundary === rules.permissionsBoundary);
    if (!inForce.some(isWithin))
      this.problems.push(`ready, and no Guardrail allows ${JSON.stringify([...role.managed])}`);
    if (!isOurs(role.tags)) this.problems.push('ready with a role that is not tagged as ours');
    if (role.tags['terraform']) this.reached.add('an adoption');
  }
}

function nameProblems({ name, path }: { name: string; path: string }, { names, paths }: Rules): string[] {
  return [
    ...(name === roleName || fitsOne(names, name, 'i') ? [] : [`the name ${name}`]),
    ...(path === defaultPath || fitsOne(paths, path) ? [] : [`the path ${path}`]),
  ];
}

/** Whether the role may be changed so at all. */
function touchProblems(
  role: NonNullable<Write['before']>,
  operation: string,
  { object: { spec, metadata }, rules }: Situation & { readonly rules: Rules },
): string[] {
  const isListed = fitsOne(rules.existingRoles, role.arn);
  if (spec.role?.management === 'TrustOnly') {
    const isTrust = operation === 'UpdateAssumeRolePolicy';
    return isTrust && isListed ? [] : [`somebody else's role ${role.arn} was touched`];
  }
  const asks = metadata.annotations?.[tag('adopt')] === 'true';
  const mayAdopt = isUnclaimed(role.tags) && asks && (isListed || role.tags[tag('adopt')] === owner);
  if (!isOurs(role.tags) && !mayAdopt) return [`role ${role.arn} is not ours`];
  return nameProblems(role, rules);
}

function mayAttach(arn: string, { managedPolicies = [] }: Rules): boolean {
  const ofAws = /^arn:aws:iam::aws:policy\/(.*)$/.exec(arn)?.[1];
  return managedPolicies.some((pattern) =>
    pattern === '*' || pattern.includes(':') ? fits(pattern, arn) : ofAws !== undefined && fits(pattern, ofAws),
  );
}

function mayGrant(document: string, { inlinePolicies }: Rules): boolean {
  if (!inlinePolicies) return false;
  return !(grants[document] ?? []).some((action) => fitsOne(inlinePolicies.deniedActions, action, 'i'));
}

/** What somebody else wrote stays to the letter, and in its order. */
function foreignProblems(before: string, after: string): string[] {
  const foreign = (text: string) =>
    statementsOf(text)
      .map((each) => JSON.stringify(each))
      .filter((each) => theirs.has(each));
  const same = foreign(before).join() === foreign(after).join();
  const kept = foreign(before).length === 0 || others(before) === others(after);
  return same && kept ? [] : [`it changed what is not ours: ${before} became ${after}`];
}

/** A statement that lets somebody in lets in only tokens of one issuer with one of its audiences and a subject that is named. */
function shapeProblems({ Effect, Action, Principal, Condition, ...more }: Statement): string[] {
  const federated = (Principal as { Federated?: unknown } | undefined)?.Federated;
  if (Effect !== 'Allow' || Action !== 'sts:AssumeRoleWithWebIdentity' || typeof federated !== 'string')
    return ['another statement than for a web identity'];
  const host = /^arn:aws:iam::\d{12}:oidc-provider\/(.+)$/.exec(federated)?.[1];
  const { StringEquals: equals = {}, StringLike: like, ...operators } = (Condition ?? {}) as Tests;
  const values = (tests: Tests[string] | undefined, claim: string) => [tests?.[`${host}:${claim}`] ?? []].flat();
  const subs = values(like ?? equals, 'sub');
  const keys = [...Object.keys(equals), ...Object.keys(like ?? {})].toSorted();
  const sub = like
    ? /^system:serviceaccount:[a-z0-9*-]+:[a-z0-9.*-]+$/
    : /^system:serviceaccount:[a-z0-9-]+:[a-z0-9.-]+$/;
  return [
    ...(Object.keys(more).join() === 'Sid' && Object.keys(operators).length === 0 ? [] : ['a field too many']),
    ...(keys.join() === `${host}:aud,${host}:sub` ? [] : [`conditions on ${keys.join()} and not on aud and sub`]),
    ...(subs.length > 0 && subs.every((each) => sub.test(each)) ? [] : [`the sub ${subs.join()}`]),
    ...(values(equals, 'aud').length > 0 && values(equals, 'aud').every((each) => !/[*?$]/.test(each) && each !== '')
      ? []
      : ['no good aud']),
  ];
}
