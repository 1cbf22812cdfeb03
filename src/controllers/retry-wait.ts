/** How long what failed for a reason that may pass is left alone. For tasks and zoos alike. */

/** As the Job controller waits between the pods of one Job: doubled with each failure, at most six minutes. */
const [firstWaitSeconds, longestWaitSeconds] = [10, 360];

/**
 * Seconds from a failure to the next attempt, after so many failures before it: storage that is away for a minute must
 * not use up all attempts.
 */
export const retryWaitSeconds = (failuresBefore: number): number =>
  Math.min(longestWaitSeconds, firstWaitSeconds * 2 ** failuresBefore);
