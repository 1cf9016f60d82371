import { parse, stringify } from 'yaml';
import type { Condition } from '../src/api/meta.ts';

const bold = (text: string) => (process.stdout.isTTY ? `\u001b[1m${text}\u001b[0m` : text);
const dim = (text: string) => (process.stdout.isTTY ? `\u001b[2m${text}\u001b[0m` : text);

/** Tells on the terminal what happens, as a person at a keyboard would see it. */
export class Story {
  #chapter = 0;

  constructor(
    private readonly kubectl: (args: readonly string[]) => Promise<string>,
    /** Milliseconds since the epoch. */
    private readonly started: number,
  ) {}

  chapter(title: string): void {
    this.#chapter += 1;
    console.log(`\n${bold(`${this.#chapter}. ${title}`)} ${dim(`(at ${this.seconds} s)`)}`);
  }

  say(text: string): void {
    for (const line of text.trimEnd().split('\n')) console.log(`   ${line}`);
  }

  /** Shows the command as a user types it, runs it, and shows what it prints. */
  async run(command: string): Promise<string> {
    this.#show(command);
    const output = await this.kubectl(words(command));
    this.say(output);
    return output;
  }

  /** Runs a command that prints an object as YAML, and shows its status, each condition on one line. */
  async status(command: string): Promise<void> {
    this.#show(command);
    const { status } = parse(await this.kubectl(words(command))) as { status: { conditions: Condition[] } };
    const conditions = status.conditions.map(({ type, status, reason, message }) => [
      type,
      `${status} (${reason}) ${message}`.trim(),
    ]);
    this.say(
      `… (conditions shortened)\n${stringify({ status: { ...status, conditions: Object.fromEntries(conditions) } }, { lineWidth: 0 })}`,
    );
  }

  #show(command: string): void {
    this.say(`${bold('$')} kubectl ${command}`);
  }

  get seconds(): string {
    return ((Date.now() - this.started) / 1000).toFixed(1);
  }
}

/** Splits as a shell does, with quotes around words or parts of them; enough for the commands here. */
function words(command: string): string[] {
  return [...command.matchAll(/(?:[^\s"']|"[^"]*"|'[^']*')+/g)].map(([word]) =>
    word.replaceAll(/"([^"]*)"|'([^']*)'/g, '$1$2'),
  );
}
