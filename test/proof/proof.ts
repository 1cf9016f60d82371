import type { ProofInput } from './input.ts';
import { fetchDocuments, kidOf, mintTokenOf, readIssuer, verifyToken } from './issuer.ts';
import { makePod } from './admitted-pod.ts';
import { annotatedRole, Pod, refusedTokens, write } from './pod.ts';
import { proveTrust, readRole, trustTable, type TrustedRole } from './trust.ts';

/** What is proven, in this order. */
export const proofSteps = [
  'issuer',
  'token',
  'documents',
  'signature',
  'role',
  'trust',
  'service account',
  'credentials',
  'allowed write',
  'refused write',
  'other tokens',
] as const;
export type ProofStep = (typeof proofSteps)[number] | 'pod' | 'policy change';

export interface ProofLine {
  readonly step: ProofStep;
  /** For people; may have several lines. */
  readonly text: string;
}

/** The proof failed at a step; the cause says how. */
export class ProofError extends Error {
  constructor(
    readonly step: ProofStep,
    cause: unknown,
  ) {
    super(`proving ${step}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

/**
 * Proves that pods of the service account get credentials of the role and nobody else does, from the issuer as it is
 * published and the role as AWS has it. Yields a line for each step proven; throws ProofError at the first that fails.
 */
export async function* runProof(input: ProofInput): AsyncGenerator<ProofLine, void> {
  const issuer = yield* prove(
    'issuer',
    () => readIssuer(input),
    ({ url, kids }) => `${url}, keys ${kids.join(', ')}`,
  );
  const token = yield* prove(
    'token',
    () => mintTokenOf(issuer, input),
    (minted) => `signed with key ${kidOf(minted)}`,
  );
  const documents = yield* prove(
    'documents',
    () => fetchDocuments(issuer, input),
    ({ jwksURI }) => `keys are at ${jwksURI}`,
  );
  yield* prove('signature', () => verifyToken(token, issuer, documents));
  const role = yield* prove(
    'role',
    () => readRole(issuer, input),
    ({ arn }) => arn,
  );
  yield* prove('trust', () => proveTrust(role, issuer, input.subject), trustTable);
  yield* prove('service account', () => proveAnnotation(role, input));
  const { region } = issuer;
  const found = input.makesPod
    ? yield* prove(
        'pod',
        () => makePod(input),
        ({ text }) => text,
      )
    : { token, roleARN: role.arn, region };
  const pod = await Pod.start(input, found);
  try {
    yield* prove(
      'credentials',
      () => pod.assumeRole(),
      ({ accessKeyId }) => `${accessKeyId} of ${role.arn}`,
    );
    yield* prove('allowed write', () => write(pod, input, 'allowed'));
    yield* prove('refused write', () => write(pod, input, 'refused'));
    yield* prove('other tokens', async () => (await refusedTokens(input, { roleARN: role.arn, region })).join('\n'));
  } finally {
    await pod.stop();
  }
}

async function proveAnnotation({ arn }: TrustedRole, input: ProofInput): Promise<string> {
  const annotated = await annotatedRole(input);
  if (annotated !== arn) throw new Error(`it is annotated with ${annotated}, not with ${arn}`);
  return `${input.subject.namespace}/${input.subject.name} is annotated with it`;
}

/** Runs one step, yields its line and returns what it found. */
export function prove(step: ProofStep, run: () => Promise<string>): AsyncGenerator<ProofLine, string>;
export function prove<T>(
  step: ProofStep,
  run: () => Promise<T>,
  text: (found: T) => string,
): AsyncGenerator<ProofLine, T>;
export async function* prove<T>(
  step: ProofStep,
  run: () => Promise<T>,
  text: (found: T) => string = String,
): AsyncGenerator<ProofLine, T> {
  let found: T;
  try {
    found = await run();
  } catch (cause) {
    throw new ProofError(step, cause);
  }
  yield { step, text: text(found) };
  return found;
}
