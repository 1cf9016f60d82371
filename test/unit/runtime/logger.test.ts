import { PassThrough } from 'node:stream';
import { expect, test } from '@jest/globals';
import { createLogger, type LogLevel } from '../../../src/observability/logger.ts';
import { settled } from '../../fakes/clock.ts';

async function logged(level: LogLevel, act: (logger: ReturnType<typeof createLogger>) => void) {
  const stream = new PassThrough();
  act(createLogger({ level, stream }));
  await settled();
  const text = String((stream.read() as Buffer | null) ?? '');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

test('writes one JSON object a line, with the time and the fields of its parents', async () => {
  const [line] = await logged('info', (logger) =>
    logger.child({ kind: 'OIDCIssuer' }).child({ name: 'abcl0' }).info('created role', { role: 'r\nx' }),
  );
  expect(line).toEqual({
    level: 'info',
    message: 'created role',
    kind: 'OIDCIssuer',
    name: 'abcl0',
    role: 'r\nx',
    timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
  });
});

test('leaves out what is below its level', async () => {
  const lines = await logged('warn', (logger) => {
    logger.debug('a');
    logger.info('b');
    logger.warn('c');
    logger.error('d');
  });
  expect(lines.map(({ message }) => message)).toEqual(['c', 'd']);
});

test('of an error shows the messages of the whole chain, and nothing that else hangs on it', async () => {
  const cause = Object.assign(new Error('AccessDenied'), { request: { authorization: 'Bearer secret' } });
  const [line] = await logged('info', (logger) =>
    logger.error('step failed', { error: new Error('creating role x', { cause }) }),
  );
  expect(line).toMatchObject({ message: 'step failed', error: 'creating role x: AccessDenied' });
  expect(JSON.stringify(line)).not.toContain('secret');
});

test('a field cannot take the place of the level or the message', async () => {
  const [line] = await logged('info', (logger) => logger.warn('real', { level: 'debug', message: 'false' }));
  expect(line).toMatchObject({ level: 'warn', message: 'real' });
});
