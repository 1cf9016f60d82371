import { beforeEach, expect, test } from '@jest/globals';
import { setTimeout } from 'node:timers/promises';
import { orStop, startBoth, stopAll, type Running } from './running.ts';

const stopped: string[] = [];
const running = (name: string, complaint?: string): Running => ({
  async stop() {
    stopped.push(name);
    if (complaint !== undefined) throw new Error(complaint);
  },
});
beforeEach(() => {
  stopped.length = 0;
});

const started = async (one: Running) => one;
const startedLater = async (one: Running) => setTimeout(20, one);
const failed = async (): Promise<Running> => Promise.reject(new Error('no port'));

test('what has started is given', async () => {
  const [one, two] = [running('one'), running('two')];
  expect(await startBoth(startedLater(one), started(two))).toEqual([one, two]);
  expect(stopped).toEqual([]);
});

test.each([
  ['the first', () => startBoth(failed(), started(running('other', 'stuck')))],
  ['the second', () => startBoth(started(running('other')), failed())],
  ['the second, before the first has started,', () => startBoth(startedLater(running('other')), failed())],
])('where %s does not start, the other is stopped', async (_, start) => {
  await expect(start()).rejects.toThrow('no port');
  expect(stopped).toEqual(['other']);
});

test('a next step that fails stops what runs, and its own error is thrown', async () => {
  expect(await orStop([running('one')], async () => 'done')).toBe('done');
  expect(stopped).toEqual([]);
  const failing = orStop([running('one', 'stuck'), running('two')], () => Promise.reject(new Error('no port')));
  await expect(failing).rejects.toThrow('no port');
  expect(stopped).toEqual(['one', 'two']);
});

test('all are stopped, also after one that complains', async () => {
  await expect(stopAll([running('one', 'stuck'), running('two')])).rejects.toThrow('stuck');
  expect(stopped).toEqual(['one', 'two']);
});
