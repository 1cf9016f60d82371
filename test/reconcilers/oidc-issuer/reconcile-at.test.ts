import { describe, expect, test } from '@jest/globals';
import { oidcIssuers } from '../../../src/api/resources.ts';
import { ref, Story } from './story.ts';

describe('the annotation reconcile-at', () => {
  const ask = (story: Story, value: string) =>
    story.kube.edit(oidcIssuers, ref, { metadata: { annotations: { 'irsa.giantswarm.io/reconcile-at': value } } });

  /** A story that waits until its documents are served, and looks at nothing else before the resync. */
  async function waiting(): Promise<Story> {
    const story = new Story();
    story.documents.fetch = async () => {
      throw new Error('the distribution answers 403');
    };
    await story.until(() => story.condition('ProvidersReady')?.reason === 'DocumentsNotServed');
    story.forget();
    await story.comeBack();
    expect(story.aws.calls).toEqual([]);
    return story;
  }

  test('makes a pass while a wait is not over, and only one for each value', async () => {
    const story = await waiting();
    ask(story, 'now');
    await story.comeBack();
    expect(story.aws.reads.length).toBeGreaterThan(5);
    expect(story.status.lastHandledReconcileAt).toBe('now');
    story.forget();
    await story.comeBack();
    expect(story.aws.calls).toEqual([]);
    ask(story, 'once more');
    await story.comeBack();
    expect(story.status.lastHandledReconcileAt).toBe('once more');
    expect(story.aws.reads.length).toBeGreaterThan(5);
  });

  test('repairs what drifted', async () => {
    const story = new Story();
    await story.untilReady();
    story.bucket.tags['irsa.giantswarm.io/cluster'] = 'spoilt';
    ask(story, 'now');
    story.forget();
    await story.comeBack();
    expect(story.aws.writes).toEqual(['PutBucketTagging']);
  });

  test('does not resume what is suspended', async () => {
    const story = new Story({ suspend: true });
    ask(story, 'now');
    await story.reconcile();
    expect(story.aws.calls).toEqual([]);
    expect(story.status.lastHandledReconcileAt).toBeUndefined();
    story.edit({ suspend: false });
    await story.reconcile();
    expect(story.status.lastHandledReconcileAt).toBe('now');
  });
});
