import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError, run, runVisibly, say } from './progress.mjs';

/** As in package.json: the first 24 whose agents take `proxyEnv`. https://nodejs.org/api/http.html#new-agentoptions */
const oldestNode = '24.5';

/**
 * Installs the npm packages unless they are those of package-lock.json already.
 * It is `npm install` because `npm ci` refuses a lock file that was written where the registry lacked packages of other
 * platforms; the lock file is followed all the same.
 */
export async function prepareDependencies(root, env = process.env) {
  const stamp = join(root, 'node_modules', '.irsa-setup');
  const installed = existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint(root);
  if (!installed) {
    // Warnings are about this machine's Node, which only installs: what runs is the one that comes with the packages.
    const args = ['install', '--no-audit', '--no-fund', '--loglevel=error'];
    await runVisibly('installing npm packages', 'npm', args, { cwd: root, env });
    writeFileSync(stamp, fingerprint(root));
  }
  say(`node: ${await requireNode(root, env)}`);
}

/** The Node of `npm run` scripts: on Linux with an x64 processor the one among the packages, else the machine's. */
async function requireNode(root, env) {
  const packaged = join(root, 'node_modules', '.bin', 'node');
  const { output } = await run(existsSync(packaged) ? packaged : 'node', ['--version'], { env });
  const version = output.trim();
  if (!isOlder(version.replace(/^v/, ''), oldestNode)) return version;
  throw new SetupError(
    `Node ${oldestNode} or newer is needed, and this is ${version}. Install it from https://nodejs.org/en/download; ` +
      'only on Linux with an x64 processor does it come with the npm packages.',
  );
}

const isOlder = (version, than) => version.localeCompare(than, 'en', { numeric: true }) < 0;

function fingerprint(root) {
  const hash = createHash('sha256').update(readFileSync(join(root, 'package.json')));
  hash.update(readFileSync(join(root, 'package-lock.json')));
  return `${hash.digest('hex')} ${process.platform} ${process.arch}\n`;
}
