import { ServiceError, type TagList } from './service.ts';

/** What IAM refuses. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */

export function checkJson(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    throw new ServiceError('MalformedPolicyDocumentException', 400, 'Syntax errors in policy.');
  }
}

export function checkTrustPolicy(text: string, quota: number): void {
  const { Statement } = checkJson(text);
  const statements: unknown[] = Array.isArray(Statement) ? Statement : [Statement];
  for (const statement of statements) {
    if (typeof statement !== 'object' || statement === null || !('Principal' in statement) || 'Resource' in statement) {
      throw new ServiceError('MalformedPolicyDocumentException', 400, 'Missing or invalid fields in a statement.');
    }
    checkActions(statement as { Principal?: object | string; Action?: string | string[] });
  }
  if (text.replace(/\s/g, '').length > quota) {
    throw new ServiceError('LimitExceededException', 409, `Cannot exceed quota for ACLSizePerRole: ${quota}`);
  }
}

/** Which action a kind of principal takes: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html */
function checkActions({
  Principal: principal = '',
  Action: action = [],
}: {
  Principal?: object | string;
  Action?: string | string[];
}): void {
  const isFederated = typeof principal === 'object' && 'Federated' in principal;
  const expected = isFederated
    ? /^sts:(AssumeRoleWithWebIdentity|TagSession)$/
    : /^sts:(AssumeRole|TagSession|SetSourceIdentity)$/;
  if (![action].flat().every((each) => expected.test(each))) {
    throw new ServiceError('MalformedPolicyDocumentException', 400, 'Invalid action for the principal.');
  }
}

export function checkDescription(text = ''): void {
  if (!/^[\t\n\r\x20-\x7E\xA1-\xFF]{0,1000}$/.test(text)) throw new ServiceError('ValidationError', 400, 'description');
}

export function checkSessionDuration(seconds = 3600): void {
  if (seconds < 3600 || seconds > 43_200) throw new ServiceError('ValidationError', 400, 'maxSessionDuration');
}

/** Keys of a role's tags are told apart without regard to case: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html */
export function checkRoleTags(tags: TagList): void {
  checkTags(tags);
  const keys = (tags ?? []).map(({ Key = '' }) => Key.toLowerCase());
  if (new Set(keys).size < keys.length) {
    throw new ServiceError('InvalidInputException', 400, 'Duplicate tag keys found: they are case insensitive.');
  }
}

export function checkTags(tags: TagList): void {
  for (const { Key = '', Value = '' } of tags ?? []) {
    const valid =
      /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/u.test(Key) && /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u.test(Value);
    if (!valid || Key.toLowerCase().startsWith('aws:'))
      throw new ServiceError('InvalidInputException', 400, `tag ${Key}`);
  }
  if ((tags?.length ?? 0) > 50) throw new ServiceError('LimitExceededException', 409, '50 tags');
}
