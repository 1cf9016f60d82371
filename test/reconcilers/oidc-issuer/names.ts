import type { LookUp } from '../../../src/runtime/resolver.ts';
import type { FakeAws } from '../../fakes/aws/fake-aws.ts';

/** Public DNS over FakeAws. */
export class FakeNames {
  /** No name server answers. */
  isSilent = false;
  /** The names that were asked for. */
  readonly asked: string[] = [];

  constructor(private readonly aws: FakeAws) {}

  readonly lookUp: LookUp = async (name) => {
    this.asked.push(name);
    if (this.isSilent) return undefined;
    const cname = this.aws.publicRecords(name).find(({ type }) => type === 'CNAME')?.values?.[0];
    return { cname, addresses: cname === undefined ? this.#addresses(name) : [] };
  };

  #addresses(name: string): string[] {
    if (name.endsWith('.cloudfront.net')) return [`address of ${name}`];
    return this.aws
      .publicRecords(name)
      .filter(({ type }) => type === 'A')
      .flatMap(({ alias, values = [] }) => (alias ? this.#addresses(alias.dnsName) : values));
  }
}
