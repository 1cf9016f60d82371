/**
 * What IAM would refuse of a permissions policy whoever asks, so that it is said before anything is made. Whether an action or a
 * resource exists is not judged: new ones come every week, and IAM takes them unseen.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
 */
export function problemOfPolicy(text: string): string | undefined {
  const policy = parse(text);
  if (!isFields(policy)) return 'is no JSON object: write {"Version": "2012-10-17", "Statement": [...]}';
  const { Version, Id: _, Statement, ...rest } = policy;
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) return `has ${unknown}, which no policy has`;
  if (Version !== undefined && !versions.includes(Version))
    return `has a Version that is none of ${versions.join(', ')}`;
  const statements = [Statement ?? []].flat() as unknown[];
  if (statements.length === 0) return 'has no Statement: write at least one';
  for (const [index, statement] of statements.entries()) {
    const problem = isFields(statement) ? problemOfStatement(statement) : 'is no JSON object';
    if (problem !== undefined) return `has a Statement (${nameOf(statement, index)}) that ${problem}`;
  }
  return undefined;
}

type Fields = Readonly<Record<string, unknown>>;

const versions: readonly unknown[] = ['2012-10-17', '2008-10-17'];

function problemOfStatement(statement: Fields): string | undefined {
  const { Sid, Effect, Action, NotAction, Resource, NotResource, Condition, ...rest } = statement;
  const [unknown] = Object.keys(rest);
  if (unknown === 'Principal' || unknown === 'NotPrincipal') return `has a ${unknown}: the role itself is who may`;
  if (unknown !== undefined) return `has ${unknown}, which no statement has`;
  if (Sid !== undefined && !(typeof Sid === 'string' && /^[A-Za-z0-9]*$/.test(Sid)))
    return 'has a Sid with other characters than letters and digits';
  if (Effect !== 'Allow' && Effect !== 'Deny') return 'has an Effect that is neither Allow nor Deny';
  if ((Action === undefined) === (NotAction === undefined)) return 'does not have either Action or NotAction';
  if ((Resource === undefined) === (NotResource === undefined)) return 'does not have either Resource or NotResource';
  const actions = [Action ?? NotAction].flat();
  const resources = [Resource ?? NotResource].flat();
  // IAM refuses an empty list as it refuses a missing value.
  if (actions.length === 0 || resources.length === 0) return 'has an empty list of actions or resources';
  const action = actions.filter((each) => !isAction(each));
  if (action.length > 0) return `has the action ${JSON.stringify(action[0])}, which is not SERVICE:ACTION`;
  const resource = resources.filter((each) => !isResource(each));
  if (resource.length > 0) return `has the resource ${JSON.stringify(resource[0])}, which is neither an ARN nor *`;
  if (Condition !== undefined && !isFields(Condition)) return 'has a Condition that is no JSON object';
  return undefined;
}

const isAction = (value: unknown) => typeof value === 'string' && /^(\*|[A-Za-z0-9-]+:[A-Za-z0-9*?]+)$/.test(value);
const isResource = (value: unknown) => typeof value === 'string' && /^(\*|arn:[^:]*:.+)$/s.test(value);

const nameOf = (statement: unknown, index: number) =>
  isFields(statement) && typeof statement['Sid'] === 'string' ? statement['Sid'] : `number ${index + 1}`;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
