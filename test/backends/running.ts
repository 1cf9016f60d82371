/** Something that goes on until it is stopped. */
export interface Running {
  stop(): Promise<unknown>;
}

/** Waits until both have started. Where one does not, stops the other, which would keep this process from ending. */
export async function startBoth<One extends Running, Other extends Running>(
  one: Promise<One>,
  other: Promise<Other>,
): Promise<[One, Other]> {
  try {
    return await Promise.all([one, other]);
  } catch (error) {
    const ends = await Promise.allSettled([one, other]);
    await stopAll(ends.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : []))).catch(() => {});
    throw error;
  }
}

/** Takes the next step with what runs; stops that where the step fails. */
export async function orStop<Value>(running: readonly Running[], next: () => Promise<Value>): Promise<Value> {
  try {
    return await next();
  } catch (error) {
    await stopAll(running).catch(() => {});
    throw error;
  }
}

/** Stops all, one after the other. One that complains hinders none; the first complaint is thrown at the end. */
export async function stopAll(running: readonly Running[]): Promise<void> {
  const complaints: unknown[] = [];
  for (const one of running) await one.stop().catch((error: unknown) => complaints.push(error));
  if (complaints.length > 0) throw complaints[0];
}
