import type { Hold } from './definition.ts';
import type { Finding } from './findings.ts';
import type { Removal } from './run-steps.ts';
import type { Part } from './step.ts';
import { cut } from './text.ts';

/** Bytes of a line. A message may be as long as a condition's. */
const lineLimit = 2_048;

/** The last line of a removal. */
const letGo = 'letting the object go';

/** What a pass would change, in order. */
export class Plan {
  readonly #changes = new Set<string>();

  /** `change` begins with a gerund: `creating role x`. The same again is the same change. */
  note(change: string): void {
    this.#changes.add(change);
  }

  get hasChanges(): boolean {
    return this.#changes.size > 0;
  }

  /**
   * The lines for the status: the changes, what stands in the way of others, and which conditions come afterwards, because what
   * they change depends on answers that AWS has not given.
   */
  lines(findings: readonly Finding[], { hold }: { readonly hold?: Hold | undefined } = {}): string[] {
    const open = findings.filter(({ state }) => state !== 'ready');
    const obstacles = open.filter((finding) => !comesLater(finding)).map(({ type, message }) => `${type}: ${message}`);
    const later = open.filter(comesLater).map(({ type }) => type);
    const lines = [...this.#changes, ...obstacles, ...afterwards(later)];
    return shown(hold ? [...lines, `the deletion waits: ${hold.message}`] : lines);
  }

  /** The same for a deleted object with deletionPolicy Retain. */
  retainedLines(): string[] {
    return shown([...this.#changes, 'leaving on AWS all that was made for this object', letGo]);
  }

  /** The same for a removal of these parts. */
  removalLines<C, R>(parts: readonly Part<R, C, R>[], { done, findings }: Removal): string[] {
    if (done) return shown([...this.#changes, letGo]);
    const order = parts.flatMap(({ steps }) => steps.toReversed().filter((step) => step.remove !== undefined));
    const rest = order.slice(findings.length).map(({ condition }) => condition);
    const last = findings.slice(-1);
    const obstacles = last.filter((finding) => !comesLater(finding)).map(({ type, message }) => `${type}: ${message}`);
    const stopped = last.filter(comesLater).map(({ type }) => type);
    return shown([...this.#changes, ...obstacles, ...afterwards([...stopped, ...rest, letGo])]);
  }
}

const shown = (lines: readonly string[]): string[] =>
  lines.length === 0 ? ['nothing would change'] : lines.map((line) => cut(line, lineLimit));

/** It only waits for another step of the plan. */
const comesLater = ({ state, reason }: Finding) => state === 'skipped' || reason === 'DependencyNotReady';

const afterwards = (what: readonly string[]): string[] =>
  what.length === 0 ? [] : [`afterwards, when that is done: ${[...new Set(what)].join(', ')}`];
