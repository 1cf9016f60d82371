import { expect, test } from '@jest/globals';
import { SharedReads } from '../../../src/runtime/shared-reads.ts';

/** Reads that end when the test says so. Each gives its number, beginning with 1. */
class Server {
  readonly reads: PromiseWithResolvers<number>[] = [];

  readonly read = (): Promise<number> => {
    const read = Promise.withResolvers<number>();
    this.reads.push(read);
    return read.promise;
  };

  async answer(number: number): Promise<void> {
    this.reads[number - 1]?.resolve(number);
    await settled();
  }
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test('sends a read at once if none is under way', async () => {
  const shared = new SharedReads<number>();
  const server = new Server();
  const first = shared.read('a', server.read);
  expect(server.reads).toHaveLength(1);
  await server.answer(1);
  await expect(first).resolves.toBe(1);
  const second = shared.read('a', server.read);
  await server.answer(2);
  await expect(second).resolves.toBe(2);
});

test('those who ask while a read is under way share one that is sent afterwards', async () => {
  const shared = new SharedReads<number>();
  const server = new Server();
  const first = shared.read('a', server.read);
  const later = [shared.read('a', server.read), shared.read('a', server.read)];
  expect(server.reads).toHaveLength(1);
  await server.answer(1);
  expect(server.reads).toHaveLength(2);
  // The second read is under way now, and may not see what this one stored.
  const last = shared.read('a', server.read);
  await server.answer(2);
  await server.answer(3);
  await expect(Promise.all([first, ...later, last])).resolves.toEqual([1, 2, 2, 3]);
});

test('a read that fails is told to those who share it, and the next one is sent all the same', async () => {
  const shared = new SharedReads<number>();
  const server = new Server();
  const first = shared.read('a', server.read);
  const later = shared.read('a', server.read);
  server.reads[0]?.reject(new Error('no answer'));
  await expect(first).rejects.toThrow('no answer');
  await settled();
  await server.answer(2);
  await expect(later).resolves.toBe(2);
});

test('reads of different things do not wait for each other', async () => {
  const shared = new SharedReads<number>();
  const server = new Server();
  void shared.read('a', server.read);
  const other = shared.read('b', server.read);
  await server.answer(2);
  await expect(other).resolves.toBe(2);
});
