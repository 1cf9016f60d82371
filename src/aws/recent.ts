/** Makes a thing on its first use and keeps up to a number of them. After that the one that was used longest ago goes, unless it must stay. */
export class Recent<V extends object> {
  /** The last used is last. */
  readonly #values = new Map<string, V>();

  constructor(
    private readonly most: number,
    private readonly mayGo: (value: V) => boolean = () => true,
  ) {}

  get(key: string, make: () => V): V {
    const value = this.#values.get(key) ?? make();
    this.#values.delete(key);
    this.#dropOldest();
    this.#values.set(key, value);
    return value;
  }

  delete(key: string): void {
    this.#values.delete(key);
  }

  /** Makes room for one more. */
  #dropOldest(): void {
    for (const [key, value] of this.#values) {
      if (this.#values.size < this.most) return;
      if (this.mayGo(value)) this.#values.delete(key);
    }
  }
}
