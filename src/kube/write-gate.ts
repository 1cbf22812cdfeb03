/** Permission to write, which may end at any moment: a process that leads no longer must not change anything. */
export interface WriteGate {
  /** Aborts when the permission ends, and with it requests on their way. */
  readonly signal: AbortSignal;
  /**
   * Throws LeaseLost where the permission has ended, even if no timer has fired yet: after a stalled event loop the
   * code that writes may run before the timer that would have stopped it.
   */
  check(): void;
}

/** For commands of a person, who needs no lease. */
export const openGate: WriteGate = { signal: new AbortController().signal, check: () => undefined };
