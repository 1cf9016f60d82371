import { open } from 'node:fs/promises';

/** One request in the API server's audit log, at the level Metadata: who did what, not the bodies. */
export interface AuditEvent {
  readonly auditID: string;
  readonly verb: string;
  readonly user: { readonly username: string; readonly groups?: readonly string[] };
  readonly requestURI: string;
  readonly userAgent?: string;
  readonly objectRef?: {
    readonly apiGroup?: string;
    readonly resource?: string;
    readonly subresource?: string;
    readonly namespace?: string;
    readonly name?: string;
  };
  readonly responseStatus?: { readonly code?: number };
  readonly requestReceivedTimestamp: string;
}

/** Each request once, when it was answered: a watch shows when it ends. */
export const auditPolicy = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived', 'ResponseStarted'],
  rules: [{ level: 'Metadata' }],
};

/** Reads the log from the byte `since` to the end of its last whole line, which `next` is. */
export async function readAudit(file: string, since = 0): Promise<{ events: AuditEvent[]; next: number }> {
  const log = await open(file);
  try {
    const { size } = await log.stat();
    const content = Buffer.alloc(Math.max(0, size - since));
    await log.read(content, 0, content.length, since);
    const whole = content.subarray(0, content.lastIndexOf('\n') + 1);
    const lines = whole.toString('utf8').split('\n').filter(Boolean);
    return { events: lines.map((line) => JSON.parse(line) as AuditEvent), next: since + whole.length };
  } finally {
    await log.close();
  }
}
