import type { ProofInput } from '../proof/input.ts';
import { provePolicyChange } from '../proof/policy-change.ts';
import { ProofError, runProof, type ProofStep } from '../proof/proof.ts';
import { iamServiceAccount, mayWrite, type Manifest } from './objects.ts';
import type { Workspace } from './workspace.ts';

/** A role for the service account default/<name>, and what its pods write. */
export interface Echoer {
  readonly name: string;
  readonly issuer: string;
  readonly bucket: string;
}

/** Its pods may write below echo/, or below another prefix. */
export function echoRole({ name, issuer, bucket }: Echoer, prefix = 'echo/'): Manifest {
  return iamServiceAccount(name, issuer, {
    policies: { inline: [{ name: 'write', document: mayWrite(bucket, prefix) }] },
  });
}

export function proofOf({ environment, namespace }: Workspace, { name, issuer, bucket }: Echoer): ProofInput {
  return {
    controlPlane: environment,
    front: environment.front,
    edge: environment.aws.edge,
    issuer: { namespace, name: issuer },
    iamServiceAccount: { namespace, name },
    subject: { namespace: 'default', name },
    writes: { bucket, allowed: 'echo/hello', refused: 'reports/2026' },
  };
}

export async function provenSteps(input: ProofInput): Promise<ProofStep[]> {
  const steps: ProofStep[] = [];
  for await (const { step } of runProof(input)) steps.push(step);
  return steps;
}

/** Where the proof fails, and how; undefined where it does not. */
export async function failure(input: ProofInput): Promise<ProofError | undefined> {
  try {
    await provenSteps(input);
    return undefined;
  } catch (error) {
    if (error instanceof ProofError) return error;
    throw error;
  }
}

/** What becomes of the pod's write while the IAMServiceAccount refuses it, allows it, and refuses it again. */
export async function outcomesOfChange(workspace: Workspace, echoer: Echoer): Promise<string[]> {
  const outcomes: string[] = [];
  const change = {
    allow: () => workspace.apply(echoRole(echoer, '')),
    takeBack: () => workspace.apply(echoRole(echoer)),
  };
  for await (const { text } of provePolicyChange(proofOf(workspace, echoer), change)) {
    outcomes.push(text.slice(text.lastIndexOf(' ') + 1));
  }
  return outcomes;
}
