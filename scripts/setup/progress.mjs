import { spawn } from 'node:child_process';

/** What a person can put right by doing what the message says: shown without a stack. */
export class SetupError extends Error {}

const reportEveryMillis = 10_000;

/** One line for a step that took no time worth showing. */
export function say(line) {
  console.log(`setup: ${line}`);
}

/** Runs a program that may take long: says so when it starts, every ten seconds, and when it is done. */
export async function runVisibly(title, command, args, options = {}) {
  const started = Date.now();
  const elapsed = () => `${Math.round((Date.now() - started) / 1000)} s`;
  say(`${title} ...`);
  const timer = setInterval(() => say(`${title} ... ${elapsed()}`), reportEveryMillis);
  try {
    const { code, output } = await run(command, args, options);
    if (code !== 0) throw new SetupError(`${title}: ${command} failed:\n${lastLines(output)}`);
  } finally {
    clearInterval(timer);
  }
  say(`${title}: done in ${elapsed()}`);
}

/** Runs a program, at most as long as this one runs, and gives what it printed. The code is undefined where there is no such program. */
export function run(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    let output = '';
    const stop = () => child.kill();
    process.once('exit', stop);
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    const ended = (code) => {
      process.off('exit', stop);
      resolve({ code, output });
    };
    child.on('error', () => ended(undefined));
    child.on('close', ended);
  });
}

function lastLines(output) {
  return output.trimEnd().split('\n').slice(-20).join('\n');
}
