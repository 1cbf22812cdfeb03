/** Jest in ESM mode; types are stripped by Node itself, so that what is tested is what runs. */
export default {
  testEnvironment: '<rootDir>/test/support/environment.js',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': '<rootDir>/test/support/strip-types.js' },
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  testTimeout: 60_000,
  // much of the time is spent waiting for child processes and disks: one worker a processor, not one less
  maxWorkers: '100%',
};
