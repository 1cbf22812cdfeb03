import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

/** Tests on a real API server and of the chart need programs that are built from Go modules, or ready-made ones. */
const hasClusterTools =
  process.env.NASOA_KUBE_BIN !== undefined || spawnSync('go', ['version'], { stdio: 'ignore' }).status === 0;
const needClusterTools = ['<rootDir>/test/charts/', '<rootDir>/test/integration/', '<rootDir>/test/hack/cluster/control-plane'];
if (!hasClusterTools) {
  console.error('Without Go (or NASOA_KUBE_BIN) the tests on a real API server and of the chart are skipped.');
}

/** Jest in ESM mode; types are stripped by Node itself, so that what is tested is what runs. */
export default {
  testEnvironment: '<rootDir>/test/support/environment.js',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': '<rootDir>/test/support/strip-types.js' },
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', ...(hasClusterTools ? [] : needClusterTools)],
  testTimeout: 60_000,
  // much of the time is spent waiting for child processes, leases and disks: more workers than processors,
  // given as a number, since Jest takes a percentage beyond 100 for a count
  maxWorkers: Math.ceil(1.5 * availableParallelism()),
  testSequencer: '<rootDir>/test/support/longest-first.js',
};
