import { expect, test } from '@jest/globals';
import { minutes } from '../../../src/runtime/duration.ts';
import { Story } from './story.ts';

/** An API server whose definition of the kind does not know this field of the status. Returns what lets it know the field. */
function withoutField(story: Story, field: string): () => void {
  const patch = story.kube.patch.bind(story.kube);
  story.kube.patch = (resource, ref, body, options) => {
    const { [field]: _, ...status } = (body['status'] ?? {}) as Record<string, unknown>;
    return patch(resource, ref, 'status' in body ? { ...body, status } : body, options);
  };
  return () => (story.kube.patch = patch);
}

test('an issuer whose definition lacks a field says so, and gets no tag that nobody would remember', async () => {
  const story = new Story();
  await story.untilReady();
  const update = withoutField(story, 'tagKeys');
  story.edit({ tags: { team: 'web' } });
  story.forget();
  const { requeueAfter = 0 } = await story.reconcile();
  const said = {
    status: 'False',
    reason: 'OutdatedCRD',
    message:
      'the API server does not keep status.tagKeys: CustomResourceDefinition oidcissuers.irsa.giantswarm.io is older than the ' +
      "operator: apply that of the operator's release (kubectl apply -k config/crd)",
  };
  expect(story.condition('Accepted')).toMatchObject(said);
  expect(story.condition('Ready')).toMatchObject({ status: 'False', reason: 'OutdatedCRD' });
  expect(story.condition('Stalled')).toMatchObject({ status: 'True' });
  expect(story.saidReasons).toContain('OutdatedCRD');
  expect(story.aws.writes).toEqual([]);
  expect(requeueAfter).toBeGreaterThan(minutes(1));

  update();
  await story.clock.advance(requeueAfter);
  await story.comeBack();
  expect(story.condition('Ready')).toMatchObject({ status: 'True' });
  expect(story.condition('Stalled')).toBeUndefined();
  expect(story.status.tagKeys).toEqual(['team']);
  expect(story.bucket.tags).toMatchObject({ team: 'web' });
});

test('a field that is not needed to undo anything holds nothing up, and the log says that it is dropped', async () => {
  const story = new Story();
  withoutField(story, 'keys');
  await story.untilReady();
  expect(story.logger.lines).toContainEqual(expect.objectContaining({ level: 'warn', dropped: 'status.keys' }));
});
