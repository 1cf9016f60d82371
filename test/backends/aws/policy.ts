/** A policy document as far as the front looks into it. */
export interface PolicyDocument {
  readonly Statement: readonly Statement[];
}

export interface Statement {
  readonly Effect?: string;
  readonly Principal?: unknown;
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
  readonly Condition: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** Undefined where the text is no JSON object with statements. */
export function readPolicy(text: string): PolicyDocument | undefined {
  try {
    const document = JSON.parse(text) as { Statement?: unknown } | null;
    if (document?.Statement === undefined) return undefined;
    return { Statement: list(document.Statement).map(readStatement) };
  } catch {
    return undefined;
  }
}

function readStatement(statement: unknown): Statement {
  const fields = statement as Record<string, unknown>;
  return {
    ...(typeof fields['Effect'] === 'string' && { Effect: fields['Effect'] }),
    ...('Principal' in fields && { Principal: fields['Principal'] }),
    Action: list(fields['Action']) as string[],
    Resource: list(fields['Resource']) as string[],
    Condition: (fields['Condition'] ?? {}) as Statement['Condition'],
  };
}

function list(value: unknown): unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

/** Condition keys of which a fixed value makes a grant private. */
const limiting = /^aws:(SourceArn|SourceVpc|SourceVpce|SourceOwner|SourceAccount|SourceIp|userid|PrincipalOrgID)$/i;
const positive = /^(StringEquals|StringLike|ArnEquals|ArnLike|IpAddress)$/;

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-policy-status */
export function isPublic(policy: string): boolean {
  const statements = readPolicy(policy)?.Statement ?? [];
  return statements.some((statement) => statement.Effect === 'Allow' && anybody(statement) && !limited(statement));
}

function anybody({ Principal }: Statement): boolean {
  if (Principal === '*') return true;
  const { AWS } = (Principal ?? {}) as { AWS?: unknown };
  return list(AWS).includes('*');
}

function limited({ Condition }: Statement): boolean {
  return Object.entries(Condition).some(
    ([operator, keys]) =>
      positive.test(operator) &&
      Object.entries(keys).some(
        ([key, values]) => limiting.test(key) && list(values).every((value) => !String(value).includes('*')),
      ),
  );
}
