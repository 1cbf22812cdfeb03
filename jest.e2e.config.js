import base from './jest.config.js';

/** `make e2e`: one file, since there is one cluster. Node, containerd and the bridges belong to the machine. */
export default {
  ...base,
  testMatch: ['<rootDir>/test/e2e/**/*.e2e.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
  // a pod trains in each of them
  testTimeout: 300_000,
  maxWorkers: 1,
};
