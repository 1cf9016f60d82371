/** What one phase took. */
export interface Figures {
  readonly phase: string;
  readonly seconds: number;
  readonly objects: number;
  /** `service:Operation` and how often it was called. */
  readonly calls: Readonly<Record<string, number>>;
  readonly mostInFlight: number;
  /** `verb resource` and how often it was asked of the API server. */
  readonly requests: Readonly<Record<string, number>>;
  /** MiB of the operator at the end of the phase. */
  readonly rss: number;
  /** MiB of the operator's control group; undefined where none could be made. */
  readonly usage: number | undefined;
  readonly cpuSeconds: number;
  /** For which the emulator worked. */
  readonly emulatorSeconds: number;
}

/** What the bench sets. */
export interface Bench {
  /** Milliseconds added to each call to AWS. */
  readonly latency: number;
  /** How many calls a second to IAM the operator allows itself. */
  readonly iamRate: number;
}

export const total = (counts: Readonly<Record<string, number>>) =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);

const isRead = (request: string) => /^(get|list|watch) /.test(request);

const list = (counts: Readonly<Record<string, number>>) =>
  Object.entries(counts)
    .sort(([, a], [, b]) => b - a)
    .map(([what, count]) => `${what} ${count}`)
    .join(', ') || 'nothing';

/** What this phase cannot be faster than, whatever the operator does, and the part of the time that this is. */
export function boundOf(figures: Figures, { latency, iamRate }: Bench): string {
  const waiting = (total(figures.calls) * latency) / 1000 / Math.max(1, figures.mostInFlight);
  const ofIam = total(Object.fromEntries(Object.entries(figures.calls).filter(([call]) => call.startsWith('iam:'))));
  const bounds = [
    {
      what: `the ${iamRate} calls a second to IAM, and as many at once`,
      seconds: Math.max(0, ofIam / iamRate - 1),
    },
    { what: 'the emulator, which answers one call at a time', seconds: figures.emulatorSeconds },
    { what: `the ${latency} ms of each call with as many in flight`, seconds: waiting },
    { what: "the operator's CPU, which runs on one core", seconds: figures.cpuSeconds },
  ].sort((a, b) => b.seconds - a.seconds);
  return bounds.map(({ what, seconds }) => `${seconds.toFixed(1)} s by ${what}`).join('; ');
}

export function print(figures: Figures, bench: Bench): void {
  const calls = total(figures.calls);
  const memory = figures.usage === undefined ? '' : `, ${figures.usage.toFixed(0)} MiB in its control group`;
  const reads = total(Object.fromEntries(Object.entries(figures.requests).filter(([request]) => isRead(request))));
  const lines = [
    `${figures.seconds.toFixed(1)} s; ${calls} AWS calls, ${(calls / figures.objects).toFixed(1)} a role, ${figures.mostInFlight} in flight at the most`,
    `AWS: ${list(figures.calls)}`,
    `Kubernetes: ${reads} reads and ${total(figures.requests) - reads} writes: ${list(figures.requests)}`,
    `the operator: ${figures.cpuSeconds.toFixed(1)} s of CPU, ${figures.rss.toFixed(0)} MiB resident${memory}`,
    `at least ${boundOf(figures, bench)}`,
  ];
  console.log(`\n${figures.phase}\n${lines.map((line) => `  ${line}`).join('\n')}`);
}
