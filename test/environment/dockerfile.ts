import { readFileSync } from 'node:fs';

export interface Instruction {
  /** In capitals. */
  readonly name: string;
  readonly text: string;
}

/** The Dockerfile's instructions, each on one line. */
export function readDockerfile(): Instruction[] {
  const text = readFileSync(new URL('../../Dockerfile', import.meta.url), 'utf8');
  const lines = text
    .replaceAll(/^\s*#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, ' ')
    .split('\n');
  return lines.filter(Boolean).map((line) => {
    const [name = '', ...rest] = line.split(' ');
    return { name: name.toUpperCase(), text: rest.join(' ') };
  });
}

/** What the image runs: its program, the flags of that, and the bundle. */
export function readEntryPoint(): {
  readonly program: string;
  readonly flags: readonly string[];
  readonly bundle: string;
} {
  const { text = '' } = readDockerfile().findLast(({ name }) => name === 'ENTRYPOINT') ?? {};
  const words = JSON.parse(text) as string[];
  const [program = '', bundle = ''] = [words.at(0), words.at(-1)];
  return { program, flags: words.slice(1, -1), bundle };
}

/** The environment variables that the image sets. */
export function readVariables(): Record<string, string> {
  const build = readDockerfile();
  const image = build.slice(build.findLastIndex(({ name }) => name === 'FROM'));
  const settings = image.filter(({ name }) => name === 'ENV').flatMap(({ text }) => text.split(' '));
  return Object.fromEntries(settings.map((setting) => setting.split('=') as [string, string]));
}
