import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until `look` gives something, and gives that. A look that fails is one that saw nothing yet. */
export async function until<T>(
  what: string,
  look: () => T | undefined | Promise<T | undefined>,
  seconds = 30,
): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  for (let failure: unknown; ;) {
    try {
      const found = await look();
      if (found !== undefined) return found;
      failure = undefined;
    } catch (error) {
      failure = error;
    }
    if (Date.now() > deadline) throw new Error(`waited ${seconds} s for ${what}`, { cause: failure });
    await sleep(50);
  }
}

/** Waits until objects of these definitions can be applied. `kubectl wait` alone fails for one that has no conditions yet. */
export function established(kubectl: (args: string[]) => Promise<unknown>, ...definitions: string[]): Promise<true> {
  const args = ['wait', '--for=condition=Established', 'crd', ...definitions, '--timeout=30s'];
  return until('the definitions', async () => {
    await kubectl(args);
    return true as const;
  });
}
