import type { Json } from './merge.ts';

export interface SentEvent {
  readonly type: string;
  readonly reason: string;
  readonly note: string;
  /** `Kind/namespace/name` */
  readonly regarding: string;
}

export function sent(event: Json): SentEvent {
  const { type, reason, note, regarding } = event as Record<'type' | 'reason' | 'note', string> & {
    readonly regarding: Readonly<Record<string, string>>;
  };
  return { type, reason, note, regarding: `${regarding['kind']}/${regarding['namespace']}/${regarding['name']}` };
}
