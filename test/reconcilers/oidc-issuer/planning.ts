import { expect } from '@jest/globals';
import { oidcIssuers } from '../../../src/api/resources.ts';
import { alias, ref, Story } from './story.ts';

/** What the API server itself says of an object whose status nobody wrote. */
export const unseen = { observedGeneration: -1 };
export const provider = `arn:aws:iam::111122223333:oidc-provider/${alias}`;

/** An issuer that is planned. */
export class PlanStory extends Story {
  annotate(value: string | null): void {
    this.kube.edit(oidcIssuers, ref, { metadata: { annotations: { 'irsa.giantswarm.io/plan': value } } });
  }

  /** What a pass with the annotation writes down. It writes nothing else, and the next one writes nothing at all. */
  async plan(): Promise<readonly string[]> {
    this.annotate('true');
    const { conditions, ...before } = this.status;
    const { finalizers } = this.object!.metadata;
    this.forget();
    await this.reconcile();
    expect(this.aws.writes).toEqual([]);
    expect(this.kube.writes.map(({ verb, resource }) => `${verb} ${resource}`)).toEqual(['patchStatus oidcissuers']);
    expect(this.said).toEqual([]);
    const { plan = [], conditions: after, ...rest } = this.status;
    expect({ ...unseen, ...rest }).toEqual({ ...unseen, ...before });
    if (!this.object?.metadata.deletionTimestamp) expect(after).toEqual(conditions);
    expect(this.object!.metadata.finalizers).toEqual(finalizers);
    this.forget();
    await this.reconcile();
    expect([...this.aws.writes, ...this.kube.writes]).toEqual([]);
    return plan;
  }
}
