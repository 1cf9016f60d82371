import { expect, test } from '@jest/globals';
import { Story } from './story.ts';

const tags = (edit: number) =>
  Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`key-${edit}-${index}`, 'v']));
const gone = (edit: number) => Object.fromEntries(Object.keys(tags(edit)).map((key) => [key, null]));

test('an issuer that waits refuses the tags that the status cannot remember any more, and goes on when they are taken back', async () => {
  const story = new Story({ tags: tags(1) });
  await story.reconcile();
  for (let edit = 2; edit <= 6; edit++) {
    story.edit({ tags: { ...gone(edit - 1), ...tags(edit) } });
    await story.reconcile();
    expect([edit, story.condition('Accepted')?.reason]).toEqual([edit, edit < 6 ? 'Accepted' : 'InvalidSpec']);
  }
  expect(story.condition('Accepted')?.message).toContain('take the last change of the tags back');
  expect(story.status.tagKeys).toHaveLength(200);
  expect(story.bucket.tags).not.toHaveProperty('key-6-0');

  story.edit({ tags: { ...gone(6), ...tags(5) } });
  await story.untilReady();
  expect(story.status.tagKeys).toHaveLength(40);
  story.edit({ tags: { ...gone(5), ...tags(6) } });
  await story.untilReady();
  expect(story.bucket.tags).toHaveProperty('key-6-0');
  expect(story.bucket.tags).not.toHaveProperty('key-5-0');
});
