/**
 * What AWS shows for a while without the tags that it was made with, because its parts agree only after some time.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_general.html#troubleshoot_general_eventual-consistency
 */
export class LateTags {
  readonly #reads = new Map<string, number>();

  /** By ARN, how many reads are still to come that show no tags. */
  get reads(): ReadonlyMap<string, number> {
    return this.#reads;
  }

  made(arn: string, reads: number): void {
    if (reads > 0) this.#reads.set(arn, reads);
    else this.#reads.delete(arn);
  }

  /** Counts a read and tells whether it shows no tags. */
  hides(arn: string): boolean {
    const reads = this.#reads.get(arn) ?? 0;
    if (reads > 0) this.#reads.set(arn, reads - 1);
    return reads > 0;
  }

  clear(): void {
    this.#reads.clear();
  }
}
