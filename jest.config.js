/** `unit` is pure or in memory. The other two start real back ends, each file its own, and so run one file after the other. */
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

export default {
  projects: [
    { ...common, displayName: 'unit', roots: ['<rootDir>/test/unit', '<rootDir>/test/reconcilers'] },
    { ...common, displayName: 'backends', roots: ['<rootDir>/test/backends'] },
    { ...common, displayName: 'integration', roots: ['<rootDir>/test/integration', '<rootDir>/test/crash'] },
  ],
};
