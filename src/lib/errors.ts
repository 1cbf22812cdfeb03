/** The user's input is wrong: one sentence that says what and where, and a remedy. The command line exits with 2. */
export class InputError extends Error {
  readonly remedy: string;
  constructor(message: string, remedy: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'InputError';
    this.remedy = remedy;
  }
}

/** A run failed although its input was right (no memory, no disk, a lost process). The command line exits with 1. */
export class RunError extends Error {
  readonly remedy: string;
  constructor(message: string, remedy: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RunError';
    this.remedy = remedy;
  }
}

/** Whether `error` is a system error of that code, such as `ENOENT`. */
export const hasCode = (error: unknown, code: string): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === code;
