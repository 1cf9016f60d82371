/** `unit` is pure or in memory. The other two start real back ends, each file its own: two files at a time, for they mostly wait. */
const common = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { target: 'es2023', parser: { syntax: 'typescript' } }, module: { type: 'es6' } },
    ],
  },
};

/** Jest takes `testTimeout` for all projects or for none; back ends need longer than what is in memory. */
const withBackends = { ...common, setupFilesAfterEnv: ['<rootDir>/test/backends/timeout.ts'] };

export default {
  projects: [
    { ...common, displayName: 'unit', roots: ['<rootDir>/test/unit', '<rootDir>/test/reconcilers'] },
    { ...withBackends, displayName: 'backends', roots: ['<rootDir>/test/backends', '<rootDir>/test/environment'] },
    { ...withBackends, displayName: 'integration', roots: ['<rootDir>/test/integration', '<rootDir>/test/crash'] },
  ],
};
