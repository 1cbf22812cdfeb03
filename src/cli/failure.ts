import { CommanderError } from 'commander';
import { InputError, RunError } from '../lib/errors.ts';
import type { Paint } from './terminal/paint.ts';
import { printable } from './terminal/width.ts';

/** An error as the user is told of it. */
export interface Failure {
  readonly kind: 'input' | 'run' | 'unexpected';
  readonly message: string;
  readonly remedy: string;
  readonly exitCode: 1 | 2;
  readonly stack: string | undefined;
}

export function failureOf(error: unknown): Failure {
  const stack = error instanceof Error ? error.stack : undefined;
  if (error instanceof InputError) {
    return { kind: 'input', message: error.message, remedy: error.remedy, exitCode: 2, stack };
  }
  if (error instanceof RunError) {
    return { kind: 'run', message: error.message, remedy: error.remedy, exitCode: 1, stack };
  }
  if (error instanceof CommanderError) return usageFailure(error);
  const message = `Something unexpected happened: ${error instanceof Error ? error.message : String(error)}`;
  const remedy = 'Run the command again with NASOA_DEBUG=1 to see where, and report it with that output.';
  return { kind: 'unexpected', message, remedy, exitCode: 1, stack };
}

function usageFailure(error: CommanderError): Failure {
  // commander adds its guess of the right word as a second line
  const [first = '', hint] = error.message.replace(/^error: /, '').split('\n');
  const message = `${first.charAt(0).toUpperCase()}${first.slice(1).replace(/\.$/, '')}.`;
  const guess = hint?.match(/^\(Did you mean (.*)\?\)$/)?.[1];
  const help = 'Add --help to the command to see what it takes.';
  const remedy = guess === undefined ? help : `Did you mean ${guess}? ${help}`;
  return { kind: 'input', message, remedy, exitCode: 2, stack: error.stack };
}

/** Two lines for people: what is wrong, then what to do. */
export function failureText(failure: Failure, paint: Paint, debug: boolean): string {
  const lines = [`${paint('red', 'error:')} ${printable(failure.message)}`, `       ${printable(failure.remedy)}`];
  if (debug && failure.stack !== undefined) lines.push(failure.stack);
  return lines.join('\n');
}

/** The document that --json prints in place of an answer. */
export const failureDocument = ({ message, remedy, kind }: Failure) => ({ error: { message, remedy, kind } });
