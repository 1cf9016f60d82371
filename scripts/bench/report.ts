/** What one phase took. */
export interface Figures {
  readonly phase: string;
  readonly seconds: number;
  readonly objects: number;
  /** `service:Operation` and how often it was called. */
  readonly calls: Readonly<Record<string, number>>;
  readonly mostInFlight: number;
  readonly kubernetesReads: number;
  readonly kubernetesWrites: number;
  /** MiB of the operator at the end of the phase. */
  readonly rss: number;
  /** MiB of the operator's control group; undefined where none could be made. */
  readonly usage: number | undefined;
  readonly cpuSeconds: number;
  /** For which the emulator worked. */
  readonly emulatorSeconds: number;
}

export const total = (calls: Figures['calls']) => Object.values(calls).reduce((sum, count) => sum + count, 0);

/** What this phase cannot be faster than, whatever the operator does, and the part of the time that this is. */
export function boundOf(figures: Figures, latency: number): string {
  const waiting = (total(figures.calls) * latency) / 1000 / Math.max(1, figures.mostInFlight);
  const bounds = [
    { what: 'the emulator, which answers one call at a time', seconds: figures.emulatorSeconds },
    { what: `the ${latency} ms of each call with as many in flight`, seconds: waiting },
    { what: "the operator's CPU, which runs on one core", seconds: figures.cpuSeconds },
  ].sort((a, b) => b.seconds - a.seconds);
  return bounds.map(({ what, seconds }) => `${seconds.toFixed(1)} s by ${what}`).join('; ');
}

export function print(figures: Figures, latency: number): void {
  const calls = total(figures.calls);
  const memory = figures.usage === undefined ? '' : `, ${figures.usage.toFixed(0)} MiB in its control group`;
  const byOperation = Object.entries(figures.calls).sort(([, a], [, b]) => b - a);
  const lines = [
    `${figures.seconds.toFixed(1)} s; ${calls} AWS calls, ${(calls / figures.objects).toFixed(1)} a role, ${figures.mostInFlight} in flight at the most`,
    `AWS: ${byOperation.map(([operation, count]) => `${operation} ${count}`).join(', ') || 'nothing'}`,
    `Kubernetes: ${figures.kubernetesReads} reads and ${figures.kubernetesWrites} writes`,
    `the operator: ${figures.cpuSeconds.toFixed(1)} s of CPU, ${figures.rss.toFixed(0)} MiB resident${memory}`,
    `at least ${boundOf(figures, latency)}`,
  ];
  console.log(`\n${figures.phase}\n${lines.map((line) => `  ${line}`).join('\n')}`);
}
