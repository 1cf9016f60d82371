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
/** The folders of src/controllers: each may import what lies beside them, and none another. */
export const controllers = ['aws-cluster', 'guardrails', 'iam-service-account', 'oidc-issuer'];
const packages = {
  '@aws-sdk/*': ['aws'],
  '@smithy/*': ['aws'],
  '@kubernetes/client-node': ['runtime', 'api'],
};

const undelivered = {
  regex: '^(\\.\\./)+(test|demo|scripts)/',
  message: 'src may not import test, demo or scripts: they are not delivered.',
};

const foldersBut = (allowed, path, message) =>
  Object.keys(layers)
    .filter((other) => !allowed.includes(other))
    .map((other) => ({ regex: `^${path}${other}/`, message: message(other) }));

const packagesBut = (layer) =>
  Object.entries(packages)
    .filter(([, homes]) => !homes.includes(layer))
    .map(([name, homes]) => ({
      group: [name],
      message: `${name} is used only in ${homes.map((home) => `src/${home}`).join(' and ')}: no type of it crosses that edge.`,
    }));

const restrict = (files, patterns) => ({
  files: [files],
  rules: { 'no-restricted-imports': ['error', { patterns: [undelivered, ...patterns] }] },
});

const patternsOf = (layer) => [
  ...foldersBut(
    [layer, ...layers[layer]],
    '(\\.\\./)+',
    (other) => `src/${layer} may not import src/${other}: imports go one way (docs/design.md).`,
  ),
  {
    regex: '^(\\.\\./)+(main|config)\\.ts$',
    message: `src/${layer} may not import the program around it: only main.ts builds things.`,
  },
  ...packagesBut(layer),
];

const controllerOf = (folder) =>
  restrict(`src/controllers/${folder}/**/*.ts`, [
    ...patternsOf('controllers'),
    ...controllers
      .filter((other) => other !== folder)
      .map((other) => ({
        regex: `^(\\.\\./)+(controllers/)?${other}/`,
        message: `src/controllers/${folder} may not import src/controllers/${other}: what both need lies beside them.`,
      })),
  ]);

/** What lies beside the folders of controllers serves all of them, and would carry one into another. */
const besideControllers = restrict('src/controllers/*.ts', [
  ...patternsOf('controllers'),
  ...controllers.map((folder) => ({
    regex: `^\\./${folder}/`,
    message: `what lies beside src/controllers/${folder} may not import it: it serves the other controllers too.`,
  })),
]);

/**
 * One rule set a folder, and for the files above them; of several for a file the last holds. test/unit/imports.test.ts sees
 * each refuse.
 * @type {import('eslint').Linter.Config[]}
 */
export const restrictions = [
  ...Object.keys(layers).map((layer) => restrict(`src/${layer}/**/*.ts`, patternsOf(layer))),
  ...controllers.map((folder) => controllerOf(folder)),
  besideControllers,
  restrict('src/*.ts', packagesBut('')),
  restrict('src/config.ts', [
    ...foldersBut(
      ['observability'],
      '\\./',
      (other) => `src/config.ts may not import src/${other}: main.ts hands settings on.`,
    ),
    ...packagesBut(''),
  ]),
];

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
