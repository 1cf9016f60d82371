import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { SetupError } from './progress.mjs';

/** Outside the clone, so that the next clone on this machine has everything at once. */
export function cacheDir(env = process.env) {
  return join(env.XDG_CACHE_HOME || join(env.HOME || homedir(), '.cache'), 'irsa-operator');
}

/**
 * Makes a file or folder of the cache under another name and moves it to its own when it is whole:
 * an interrupted `make` leaves nothing that looks finished, and two clones that make it at once do not mix.
 */
export async function makeOnce(path, make) {
  const unfinished = `${path}.unfinished-${process.pid}`;
  const removeUnfinished = () => rmSync(unfinished, { recursive: true, force: true });
  makeFolder(dirname(path));
  process.once('exit', removeUnfinished);
  try {
    await make(unfinished);
    moveUnlessThere(unfinished, path);
  } finally {
    removeUnfinished();
    process.off('exit', removeUnfinished);
  }
  return path;
}

function makeFolder(path) {
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    throw new SetupError(`cannot write ${path} (${error.code}): set XDG_CACHE_HOME to a folder that you may write`);
  }
}

/** Another clone may have finished first: a folder cannot be moved onto a full one, and theirs is as good. */
function moveUnlessThere(from, to) {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!existsSync(to)) throw error;
  }
}
