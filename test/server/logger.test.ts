import { Writable } from 'node:stream';
import { expect, test } from '@jest/globals';
import type { KubeLog } from '../../src/kube/log.ts';
import { ManualClock } from '../../src/lib/clock.ts';
import { InputError } from '../../src/lib/errors.ts';
import { createLog, type Log, type LogFields, type LogLevel } from '../../src/server/logger.ts';
import { settled } from './manual-scheduler.ts';

type Lines = readonly Record<string, unknown>[];

/** A log and the lines that it wrote. */
function aLog(level: LogLevel = 'info'): { readonly log: Log; readonly lines: () => Promise<Lines> } {
  let written = '';
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      written += chunk.toString();
      done();
    },
  });
  const log = createLog({ level, clock: new ManualClock(0), stream });
  const lines = async (): Promise<Lines> => {
    // the logger is a stream, and passes lines on some turns later
    await settled();
    return written
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));
  };
  return { log, lines };
}

test('a line is JSON: time, level, message, fields, and those that the log carries', async () => {
  const { log, lines } = aLog();
  log.with({ traceId: 'abc' }).info('Planned a task', { task: 'flowers', seconds: 3 });
  const time = '1970-01-01T00:00:00.000Z';
  expect(await lines()).toEqual([
    { time, level: 'info', message: 'Planned a task', traceId: 'abc', task: 'flowers', seconds: 3 },
  ]);
});

test('the client of the API server logs into it as it is', async () => {
  const { log, lines } = aLog();
  const kube: KubeLog = log;
  kube.warn('Lost a watch', { resource: 'jobs' });
  expect(await lines()).toMatchObject([{ level: 'warn', resource: 'jobs' }]);
});

test('lines below the level are not written', async () => {
  const { log, lines } = aLog('warn');
  log.debug('nothing');
  log.info('nothing');
  log.warn('something');
  log.error('something');
  expect((await lines()).map(({ level }) => level)).toEqual(['warn', 'error']);
});

test.each<[string, LogFields, Record<string, unknown>]>([
  ['a token', { token: 'abc' }, { token: '[hidden]' }],
  [
    'a password deep inside',
    { s3: { secretAccessKey: 'x', url: 's3://b/p' } },
    { s3: { secretAccessKey: '[hidden]', url: 's3://b/p' } },
  ],
  ['the name of a Secret, which is none', { secretName: 'keys' }, { secretName: 'keys' }],
  ['a password in a URL', { why: 'no route to postgres://u:p@db/x' }, { why: 'no route to postgres://[hidden]@db/x' }],
  ['a header', { why: 'sent Authorization: Bearer a.b-c' }, { why: 'sent Authorization: Bearer [hidden]' }],
  ['a JSON web token', { why: 'got eyJhbGci.eyJpc3Mi.c2ln here' }, { why: 'got [hidden] here' }],
  ['a field that would hide the message', { message: 'other' }, { message: 'Something', message_: 'other' }],
  ['a long text', { why: 'x'.repeat(5000) }, { why: 'x'.repeat(2000) }],
  [
    'an expected error, without its stack',
    { error: new InputError('Wrong.', 'Mend it.') },
    { error: { name: 'InputError', message: 'Wrong.', remedy: 'Mend it.' } },
  ],
])('%s is written safely', async (_what, fields, expected) => {
  const { log, lines } = aLog();
  log.info('Something', fields);
  expect((await lines())[0]).toMatchObject(expected);
});

test('a bug is written with its stack and its cause', async () => {
  const { log, lines } = aLog();
  log.error('Failed', { error: new TypeError('x is undefined', { cause: new Error('inner') }) });
  expect((await lines())[0]).toMatchObject({
    error: { name: 'TypeError', stack: expect.stringContaining('logger.test.ts') },
  });
  expect((await lines())[0]).toMatchObject({ error: { cause: { message: 'inner' } } });
});

test('a field that refers to itself ends nothing', async () => {
  const { log, lines } = aLog();
  const round: Record<string, unknown> = {};
  round['self'] = round;
  log.info('Something', { round });
  expect(await lines()).toHaveLength(1);
});
