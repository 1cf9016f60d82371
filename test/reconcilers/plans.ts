import type { FakeLogger } from '../fakes/logger.ts';

const isChange = (line: string) => /^[a-z]+ing /.test(line) && !/^(letting|leaving|nothing) /.test(line);
const isInKubernetes = (line: string) => /^\w+ (Secret|ServiceAccount) /.test(line);

/** S3 deletes an object that is not there and says nothing. */
const mayBeIdle = (doing: string) => doing.startsWith('deleting object ');

/** Compares a plan with what the pass after it changed on AWS, by the log. Says what is wrong. */
export class Fulfilment {
  readonly #before: number;

  constructor(
    private readonly logger: FakeLogger,
    private readonly plan: readonly string[],
  ) {
    this.#before = logger.lines.length;
  }

  /** All that was planned was done, in that order. More was done only if the plan says that more comes afterwards. */
  get problem(): string | undefined {
    const done = this.logger.lines
      .slice(this.#before)
      .filter(({ message }) => message === 'changed AWS')
      .map(({ doing }) => String(doing));
    const planned = this.plan.filter((line) => isChange(line) && !isInKubernetes(line));
    const isOpen = this.plan.some((line) => line.startsWith('afterwards'));
    const expected = done.filter((doing) => planned.includes(doing) || !(isOpen || mayBeIdle(doing)));
    return expected.join() === planned.join() ? undefined : `planned: ${planned.join()}; done: ${done.join()}`;
  }
}
