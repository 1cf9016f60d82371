import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** Which of our folders each folder under src/ may import, and which packages stay where. docs/design.md draws the picture. */
export const layers = {
  api: ['observability'],
  oidc: ['observability'],
  observability: [],
  aws: ['observability'],
  runtime: ['api', 'observability'],
  controllers: ['api', 'aws', 'observability', 'oidc', 'runtime'],
};
const packages = {
  '@aws-sdk/*': ['aws'],
  '@smithy/*': ['aws'],
  '@kubernetes/client-node': ['runtime', 'api'],
};

/**
 * One rule set a folder; test/unit/imports.test.ts sees each refuse.
 * @type {import('eslint').Linter.Config[]}
 */
export const restrictions = Object.entries(layers).map(([layer, allowed]) => ({
  files: [`src/${layer}/**/*.ts`],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: [
          ...Object.keys(layers)
            .filter((other) => other !== layer && !allowed.includes(other))
            .map((other) => ({
              regex: `^(\\.\\./)+${other}/`,
              message: `src/${layer} may not import src/${other}: imports go one way (docs/design.md).`,
            })),
          {
            regex: '^(\\.\\./)+(main|config)\\.ts$',
            message: `src/${layer} may not import the program around it: only main.ts builds things.`,
          },
          ...Object.entries(packages)
            .filter(([, homes]) => !homes.includes(layer))
            .map(([name, homes]) => ({
              group: [name],
              message: `${name} is used only in ${homes.map((home) => `src/${home}`).join(' and ')}: no type of it crosses that edge.`,
            })),
        ],
      },
    ],
  },
}));

export default defineConfig(
  { ignores: ['dist/', 'node_modules/', 'src/api/generated/', 'coverage/'] },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', ignoreRestSiblings: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/require-await': 'off',
      'no-restricted-syntax': ['error', { selector: 'TSEnumDeclaration', message: 'Use a union or a const object.' }],
    },
  },
  ...restrictions,
  {
    // Both back ends answer untyped JSON and XML, which the tests read as they come.
    files: ['test/**/*.ts', 'demo/**/*.ts', 'scripts/**/*.ts'],
    rules: {
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
);
