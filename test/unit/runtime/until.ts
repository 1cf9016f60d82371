/** Resolves as soon as that is so. It gives up by itself: a test that is over does not end what it began. */
export async function until(what: () => boolean): Promise<void> {
  const deadline = Date.now() + 5000;
  while (!what()) {
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
