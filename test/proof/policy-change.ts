import { setTimeout as sleep } from 'node:timers/promises';
import type { ProofInput } from './input.ts';
import { mintTokenOf, readIssuer } from './issuer.ts';
import { annotatedRole, Pod } from './pod.ts';
import { prove, type ProofLine } from './proof.ts';

export interface PolicyChange {
  /** Changes the IAMServiceAccount so that the refused write is allowed. */
  allow(): Promise<unknown>;
  /** Changes it back. */
  takeBack(): Promise<unknown>;
  /** How long each may take to be seen. */
  readonly deadlineMillis?: number;
}

/** Proves that a change of the policies reaches a pod that runs already, and so does changing them back. */
export async function* provePolicyChange(input: ProofInput, change: PolicyChange): AsyncGenerator<ProofLine, void> {
  const { bucket, refused } = input.writes;
  const issuer = await readIssuer(input);
  const token = await mintTokenOf(issuer, input);
  const pod = await Pod.start(input, { token, roleARN: await annotatedRole(input), region: issuer.region });
  const becomes = async (when: string, outcome: 'written' | 'AccessDenied'): Promise<string> => {
    const deadline = Date.now() + (change.deadlineMillis ?? 60_000);
    for (;;) {
      const got = await pod.write(bucket, refused);
      if (got === outcome) return `${when}, s3://${bucket}/${refused}: ${got}`;
      if (Date.now() > deadline) throw new Error(`s3://${bucket}/${refused} is still ${got}, not ${outcome}`);
      await sleep(250);
    }
  };
  try {
    yield* prove('policy change', () => becomes('before', 'AccessDenied'));
    await change.allow();
    yield* prove('policy change', () => becomes('after', 'written'));
    await change.takeBack();
    yield* prove('policy change', () => becomes('taken back', 'AccessDenied'));
  } finally {
    await pod.stop();
  }
}
