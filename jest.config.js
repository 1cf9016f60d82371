/** `unit` is pure or in memory. The other two start real back ends, each file its own. */
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

/** A project sees the sources too, so that `--findRelatedTests` finds the tests of a source file. */
const project = (displayName, settings, folders) => ({
  ...settings,
  displayName,
  roots: ['<rootDir>/src', '<rootDir>/test', '<rootDir>/scripts', '<rootDir>/demo'],
  testMatch: folders.map((folder) => `<rootDir>/test/${folder}/**/*.test.ts`),
});

export default {
  testSequencer: '<rootDir>/test/longest-first.mjs',
  projects: [
    project('unit', common, ['unit', 'reconcilers']),
    project('backends', withBackends, ['backends', 'environment']),
    project('integration', withBackends, ['integration', 'crash']),
  ],
};
