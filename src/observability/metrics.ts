/** The values of a metric's labels. They must be few, or names of objects: each set of values is kept. */
export type Labels<Name extends string> = Readonly<Record<Name, string>>;

type MetricType = 'counter' | 'gauge';

export interface MetricText<Name extends string> {
  readonly name: string;
  /** A sentence. */
  readonly help: string;
  readonly labels: readonly Name[];
}

/** Numbers of one kind, one for each set of label values. */
class Metric<Name extends string> {
  readonly #values = new Map<string, number>();

  constructor(
    private readonly type: MetricType,
    private readonly text: MetricText<Name>,
  ) {}

  protected change(labels: Labels<Name>, change: (value: number | undefined) => number): void {
    const key = this.#keyOf(labels);
    this.#values.set(key, change(this.#values.get(key)));
  }

  protected drop(labels: Labels<Name>): void {
    this.#values.delete(this.#keyOf(labels));
  }

  render(): string {
    const { name, help } = this.text;
    const lines = [...this.#values].map(([labels, value]) => `${name}${labels} ${value}`);
    return [`# HELP ${name} ${help}`, `# TYPE ${name} ${this.type}`, ...lines, ''].join('\n');
  }

  /** As they are written, in the order of the metric's own names. */
  #keyOf(labels: Labels<Name>): string {
    const pairs = this.text.labels.map((name) => `${name}="${escaped(labels[name])}"`);
    return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
  }
}

export class Counter<Name extends string> extends Metric<Name> {
  increment(labels: Labels<Name>): void {
    this.change(labels, (value = 0) => value + 1);
  }
}

export class Gauge<Name extends string> extends Metric<Name> {
  set(labels: Labels<Name>, value: number): void {
    this.change(labels, () => value);
  }

  /** Sets the value only if there is none yet. */
  initialize(labels: Labels<Name>, value: number): void {
    this.change(labels, (old = value) => old);
  }

  delete(labels: Labels<Name>): void {
    this.drop(labels);
  }
}

/** Metrics in Prometheus' text format 0.0.4. https://prometheus.io/docs/instrumenting/exposition_formats/ */
export class Metrics {
  static readonly contentType = 'text/plain; version=0.0.4; charset=utf-8';
  readonly #all: { render(): string }[] = [];

  counter<Name extends string>(text: MetricText<Name>): Counter<Name> {
    return this.#add(new Counter('counter', text));
  }

  gauge<Name extends string>(text: MetricText<Name>): Gauge<Name> {
    return this.#add(new Gauge('gauge', text));
  }

  render(): string {
    return this.#all.map((metric) => metric.render()).join('');
  }

  #add<M extends { render(): string }>(metric: M): M {
    this.#all.push(metric);
    return metric;
  }
}

const escaped = (value: string) =>
  value
    .replaceAll('\\', String.raw`\\`)
    .replaceAll('"', String.raw`\"`)
    .replaceAll('\n', String.raw`\n`);
