/** Why a command was told to stop. */
export class Interruption extends Error {
  readonly exitCode: number;
  constructor(exitCode: number) {
    super('The command was interrupted.');
    this.name = 'Interruption';
    this.exitCode = exitCode;
  }
}

const exitCodes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
// one Ctrl-C may arrive twice: from the terminal, and handed on by npx or the launcher
const echoMilliseconds = 300;

/**
 * Turns the first signal into an abort, so that a run can keep its checkpoint; the second ends the process at once.
 * `onFirst` is told once. Disposing gives signals back their usual effect, unless one has come already.
 */
export function listenForInterruption(onFirst: () => void): { readonly signal: AbortSignal; dispose(): void } {
  const controller = new AbortController();
  let firstAt: number | undefined;
  const stop = (exitCode: number): void => {
    if (firstAt !== undefined) {
      if (performance.now() - firstAt > echoMilliseconds) process.exit(exitCode);
      return;
    }
    firstAt = performance.now();
    onFirst();
    controller.abort(new Interruption(exitCode));
  };
  const handlers = Object.entries(exitCodes).map(([name, code]) => [name, () => stop(code)] as const);
  for (const [name, handler] of handlers) process.on(name, handler);
  // the launcher is gone without a word: nobody is left to work for
  const orphaned = (): void => stop(exitCodes.SIGTERM);
  process.on('disconnect', orphaned);
  process.channel?.unref();
  return {
    signal: controller.signal,
    dispose: () => {
      // an echo of the first signal must not kill the process while it writes its last lines
      if (firstAt !== undefined) return;
      for (const [name, handler] of handlers) process.off(name, handler);
      process.off('disconnect', orphaned);
    },
  };
}
