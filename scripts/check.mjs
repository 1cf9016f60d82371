import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';

/**
 * Types, lint, format and unit tests side by side: one after the other they leave a core idle for half of the time.
 * What each says is printed in one piece when it ends.
 */
const checks = ['types', 'lint', 'format', 'test:unit'];

async function run(name) {
  const npm = spawn('npm', ['run', '--silent', name], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise((resolve, reject) => npm.once('close', resolve).once('error', reject));
  const [out, err, code] = await Promise.all([text(npm.stdout), text(npm.stderr), ended]);
  const good = code === 0;
  // Of tests that passed the last lines say enough.
  const said = `${out}${err}`.trimEnd();
  console.log(
    `== ${name}: ${good ? 'ok' : 'failed'}${good ? `\n${said.split('\n').slice(-5).join('\n')}`.trimEnd() : `\n${said}`}`,
  );
  return good;
}

const results = await Promise.all(checks.map(run));
process.exitCode = results.every(Boolean) ? 0 : 1;
