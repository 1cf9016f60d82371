import { setImmediate } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { serviceAccountMetadata } from '../../../src/api/resources.ts';
import { watchStream } from '../../../src/runtime/watch-stream.ts';

const metadata = { namespace: 'default', name: 's3-reader', resourceVersion: '6' };
const line = (annotations: object) =>
  Buffer.from(`${JSON.stringify({ type: 'ADDED', object: { metadata: { ...metadata, annotations } } })}\n`);

async function annotationsOf(chunks: Iterable<Buffer> | AsyncIterable<Buffer>) {
  const transport = {
    stream: async function* () {
      yield* chunks;
    },
  };
  const heard = [];
  const stop = new AbortController();
  for await (const { object } of watchStream(transport, serviceAccountMetadata, {
    resourceVersion: '5',
    signal: stop.signal,
  }))
    heard.push(object.metadata.annotations);
  return heard;
}

/** Lets others run from time to time, as a socket does, so that a test that takes too long is ended. */
async function* bytesOf(text: Buffer) {
  for (let at = 0; at < text.length; at++) {
    if (at % 1024 === 0) await setImmediate();
    yield text.subarray(at, at + 1);
  }
}

test('a long line that comes byte by byte costs no more than its length', async () => {
  const large = { text: 'x'.repeat(512 * 1024) };
  // If each byte cost a search of all the bytes before it, this would be 128 GiB to search, and the test would not end in its time.
  expect(await annotationsOf(bytesOf(line(large)))).toEqual([large]);
});

test('lines may be cut anywhere, within a letter too, and a chunk may hold several', async () => {
  const [first, second, third] = [{ team: 'Zürich' }, { team: '東京' }, { team: 'a' }];
  const text = Buffer.concat([line(first), Buffer.from('\n'), line(second), line(third)]);
  expect(await annotationsOf(bytesOf(text))).toEqual([first, second, third]);
  expect(await annotationsOf([text])).toEqual([first, second, third]);
  expect(await annotationsOf([text.subarray(0, -1)])).toEqual([first, second]);
});
