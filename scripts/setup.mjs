/**
 * Prepares all that the demo and the tests need, on a machine with Node 18 or newer, kubectl, Go and Python.
 * What is there already is left alone, so that it takes no time worth mentioning.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { prepareControlPlane } from './setup/control-plane.mjs';
import { prepareDependencies } from './setup/dependencies.mjs';
import { prepareMoto } from './setup/moto.mjs';
import { SetupError, runVisibly } from './setup/progress.mjs';
import { requireKubectl } from './setup/kubectl.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

// Ending by process.exit lets the cache remove what it has only half made.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));

try {
  await requireKubectl();
  await prepareDependencies(root);
  await prepareControlPlane(process.env, { forDemo: process.argv.includes('--for-demo') });
  await prepareMoto();
  if (existsSync(join(root, 'src', 'main.ts'))) {
    await runVisibly('building the operator', 'npm', ['run', '--silent', 'build'], { cwd: root });
  }
} catch (error) {
  console.error(error instanceof SetupError ? `setup: ${error.message}` : error);
  process.exitCode = 1;
}
