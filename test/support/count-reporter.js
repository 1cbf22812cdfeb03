/** Closes a run with one plain line of counts on standard output, for whoever reads the log by program. */
export default class CountReporter {
  onRunComplete(_contexts, results) {
    // a file that could not be loaded holds no test, but it did fail
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    console.log(`Tests: ${results.numPassedTests} passed, ${failed} failed, ${results.numPendingTests} skipped`);
  }
}
