import { InputError } from '../lib/errors.ts';

interface Range {
  readonly min: number;
  readonly max: number;
}

/** A parser for commander: a whole number within the range, or an InputError that names the option. */
export const integer =
  (option: string, { min, max }: Range) =>
  (text: string): number => {
    const value = /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InputError(
      `The value "${text}" of ${option} is not a whole number from ${min} to ${max}.`,
      `Give ${option} a whole number in that range.`,
    );
  };

/** A parser for commander: a number within the range. */
export const decimal =
  (option: string, { min, max }: Range) =>
  (text: string): number => {
    const value = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InputError(
      `The value "${text}" of ${option} is not a number from ${min} to ${max}.`,
      `Give ${option} a number in that range.`,
    );
  };

/** A parser for commander: a share as `0.2` or `20%`, within the range. */
export const share = (option: string, range: Range) => {
  const parse = decimal(option, range);
  return (text: string): number => {
    const hundredths = /^(\d+(?:\.\d+)?)%$/.exec(text)?.[1];
    return parse(hundredths === undefined ? text : String(Number(hundredths) / 100));
  };
};

/** A parser for commander: one of the words. */
export const oneOf =
  <T extends string>(option: string, words: readonly T[]) =>
  (text: string): T => {
    const word = words.find((candidate) => candidate === text);
    if (word !== undefined) return word;
    throw new InputError(`The value "${text}" of ${option} is unknown.`, `Give ${option} one of ${words.join(', ')}.`);
  };
