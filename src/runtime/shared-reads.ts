/**
 * Reads that several passes share. Each request is sent after the last of those who share it has asked, so that they all see what
 * they stored before: whoever asks while one is under way waits for the next.
 */
export class SharedReads<T> {
  readonly #underWay = new Map<string, Promise<T>>();
  readonly #next = new Map<string, Promise<T>>();

  /** @param read is not told when whoever asks gives up, because others may still wait for it */
  read(key: string, read: () => Promise<T>): Promise<T> {
    const next = this.#next.get(key);
    if (next) return next;
    const underWay = this.#underWay.get(key);
    if (!underWay) return this.#start(key, read);
    const start = () => {
      this.#next.delete(key);
      return this.#start(key, read);
    };
    const waiting = underWay.then(start, start);
    this.#next.set(key, waiting);
    return waiting;
  }

  #start(key: string, read: () => Promise<T>): Promise<T> {
    const underWay = read();
    this.#underWay.set(key, underWay);
    const ended = () => {
      if (this.#underWay.get(key) === underWay) this.#underWay.delete(key);
    };
    underWay.then(ended, ended);
    return underWay;
  }
}
