/** Logs as JSON lines: a constant message, and fields. What looks like a secret never gets through. */
import { createLogger, format, transports } from 'winston';
import type { Clock } from '../lib/clock.ts';
import { cleaned } from './log-fields.ts';

export type LogLevel = 'error' | 'warn' | 'info' | 'debug';
export const logLevels: readonly LogLevel[] = ['error', 'warn', 'info', 'debug'];
export type LogFields = Readonly<Record<string, unknown>>;

/** One line an outcome. Messages are constant sentences; what varies is in the fields. */
export interface Log {
  error(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
  /** A log whose every line carries these fields, such as `traceId`. */
  with(fields: LogFields): Log;
}

export interface LogOptions {
  readonly level: LogLevel;
  readonly clock: Clock;
  /** Standard output unless given. */
  readonly stream?: NodeJS.WritableStream;
}

export const silentLog: Log = { error() {}, warn() {}, info() {}, debug() {}, with: () => silentLog };

export function createLog({ level, clock, stream = process.stdout }: LogOptions): Log {
  const winston = createLogger({
    level,
    levels: { error: 0, warn: 1, info: 2, debug: 3 },
    // a logger must not end the process
    exitOnError: false,
    format: format.printf(({ level: written, message, fields }) => {
      const line = { time: clock.date().toISOString(), level: written, message, ...cleaned(fields) };
      return JSON.stringify(line);
    }),
    transports: [new transports.Stream({ stream })],
  });
  const logWith = (fixed: LogFields): Log => {
    // one entry, for winston joins a `message` among the fields to the message itself
    const at =
      (written: LogLevel): Log['info'] =>
      (message, fields = {}) => {
        winston.log({ level: written, message, fields: { ...fixed, ...fields } });
      };
    return {
      ...{ error: at('error'), warn: at('warn'), info: at('info'), debug: at('debug') },
      with: (fields) => logWith({ ...fixed, ...fields }),
    };
  };
  return logWith({});
}
