export interface RecentOptions<V> {
  /** Absent: every value may go. */
  readonly mayGo?: (value: V) => boolean;
  /** What nobody has asked for during so many milliseconds goes. Absent: it stays while there is room. */
  readonly unused?: { readonly after: number; readonly now: () => number };
}

/** Makes a thing on its first use and keeps up to a number of them. After that the one that was used longest ago goes, unless it must stay. */
export class Recent<V extends object> {
  /** The last used is last. */
  readonly #values = new Map<string, { readonly value: V; readonly usedAt: number }>();

  constructor(
    private readonly most: number,
    private readonly options: RecentOptions<V> = {},
  ) {}

  get size(): number {
    return this.#values.size;
  }

  get(key: string, make: () => V): V {
    const value = this.#values.get(key)?.value ?? make();
    this.#values.delete(key);
    this.dropUnused();
    this.#dropOldest();
    this.#values.set(key, { value, usedAt: this.options.unused?.now() ?? 0 });
    return value;
  }

  delete(key: string): void {
    this.#values.delete(key);
  }

  dropUnused(): void {
    const { unused } = this.options;
    if (!unused) return;
    const limit = unused.now() - unused.after;
    for (const [key, { value, usedAt }] of this.#values) {
      if (usedAt > limit) return;
      if (this.#mayGo(value)) this.#values.delete(key);
    }
  }

  /** Makes room for one more. */
  #dropOldest(): void {
    for (const [key, { value }] of this.#values) {
      if (this.#values.size < this.most) return;
      if (this.#mayGo(value)) this.#values.delete(key);
    }
  }

  #mayGo(value: V): boolean {
    return this.options.mayGo?.(value) ?? true;
  }
}
