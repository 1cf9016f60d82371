import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { ESLint } from 'eslint';
import tseslint from 'typescript-eslint';
import { controllers, layers, restrictions } from '../../eslint.config.js';

/** The import rules alone: without types they need no TypeScript project, and take no time. */
const eslint = new ESLint({
  overrideConfigFile: true,
  overrideConfig: [{ files: ['**/*.ts'], languageOptions: { parser: tseslint.parser } }, ...restrictions],
});

async function complaints(filePath: string, imported: string): Promise<string[]> {
  const [result] = await eslint.lintText(`import { x } from '${imported}';\nexport default x;\n`, { filePath });
  return result!.messages.map(({ message }) => message);
}

const folders = Object.keys(layers) as (keyof typeof layers)[];
const forbidden = folders.flatMap((from) =>
  folders.filter((to) => to !== from && !(layers[from] as string[]).includes(to)).map((to) => [from, to] as const),
);
const allowed = folders.flatMap((from) => layers[from].map((to) => [from, to] as const));

describe('imports between our folders go one way', () => {
  test('there is something to check', () => {
    expect(forbidden.length).toBeGreaterThan(15);
    expect(allowed.length).toBeGreaterThan(5);
  });

  test.each(forbidden)('%s may not import %s', async (from, to) => {
    expect(await complaints(`src/${from}/example.ts`, `../${to}/example.ts`)).toEqual([
      expect.stringContaining(`src/${from} may not import src/${to}: imports go one way`),
    ]);
  });

  test.each(allowed)('%s may import %s', async (from, to) => {
    expect(await complaints(`src/${from}/example.ts`, `../${to}/example.ts`)).toEqual([]);
  });

  test('a folder below counts as its layer', async () => {
    expect(await complaints('src/controllers/oidc-issuer/example.ts', '../../aws/roles.ts')).toEqual([]);
    expect(await complaints('src/api/generated/example.ts', '../../aws/roles.ts')).toEqual([
      expect.stringContaining('src/api may not import src/aws'),
    ]);
  });

  test.each(folders)('%s may not import main.ts or config.ts', async (from) => {
    for (const name of ['main', 'config'])
      expect(await complaints(`src/${from}/example.ts`, `../${name}.ts`)).toEqual([
        expect.stringContaining('only main.ts builds things'),
      ]);
  });
});

describe('the folders of controllers', () => {
  const pairs = controllers.flatMap((from) => controllers.filter((to) => to !== from).map((to) => [from, to] as const));

  test('are all known to the rule', () => {
    const there = readdirSync('src/controllers', { withFileTypes: true }).filter((entry) => entry.isDirectory());
    for (const { name } of there) expect(controllers).toContain(name);
  });

  test.each(pairs)('%s may not import %s', async (from, to) => {
    for (const [file, path] of [
      [`src/controllers/${from}/example.ts`, `../${to}/example.ts`],
      [`src/controllers/${from}/deeper/example.ts`, `../../${to}/example.ts`],
      [`src/controllers/${from}/example.ts`, `../../controllers/${to}/example.ts`],
    ] as const)
      expect(await complaints(file, path)).toEqual([
        expect.stringContaining(`src/controllers/${from} may not import src/controllers/${to}`),
      ]);
  });

  test.each(controllers)('what lies beside %s may not import it', async (folder) => {
    expect(await complaints('src/controllers/example.ts', `./${folder}/example.ts`)).toHaveLength(1);
    expect(await complaints('src/controllers/example.ts', './clusters.ts')).toEqual([]);
  });

  test.each(controllers)('%s may import what lies beside them, and is held to the rules of its layer', async (from) => {
    const file = `src/controllers/${from}/example.ts`;
    expect(await complaints(file, '../clusters.ts')).toEqual([]);
    expect(await complaints(file, './example.ts')).toEqual([]);
    expect(await complaints(file, '@aws-sdk/client-iam')).toHaveLength(1);
    expect(await complaints(file, '../../main.ts')).toHaveLength(1);
  });
});

test('runtime names no kind of ours', () => {
  const files = readdirSync('src/runtime', { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );
  expect(files.length).toBeGreaterThan(10);
  const ours = /OIDCIssuer|IAMServiceAccount|AWSCluster|settledAnnotation|api\/(kinds|generated)/i;
  const naming = files.filter((file) => ours.test(readFileSync(`src/runtime/${file}`, 'utf8')));
  expect(naming).toEqual([]);
});

describe('the files above the folders', () => {
  test.each(folders.filter((folder) => folder !== 'observability'))('config.ts may not import %s', async (folder) => {
    expect(await complaints('src/config.ts', `./${folder}/example.ts`)).toEqual([
      expect.stringContaining(`src/config.ts may not import src/${folder}`),
    ]);
  });

  test.each(['@aws-sdk/client-iam', '@smithy/node-http-handler', '@kubernetes/client-node'])(
    'import no %s',
    async (name) => {
      for (const file of ['src/main.ts', 'src/config.ts'])
        expect(await complaints(file, name)).toEqual([expect.stringContaining('is used only in src/')]);
    },
  );

  test('may import what they are for', async () => {
    expect(await complaints('src/config.ts', './observability/logger.ts')).toEqual([]);
    for (const folder of folders) expect(await complaints('src/main.ts', `./${folder}/example.ts`)).toEqual([]);
  });
});

test.each(['test', 'demo', 'scripts'])('nothing in src may import %s', async (folder) => {
  for (const [file, up] of [
    ['src/main.ts', '../'],
    ['src/config.ts', '../'],
    ['src/aws/example.ts', '../../'],
    ['src/controllers/oidc-issuer/example.ts', '../../../'],
  ] as const)
    expect(await complaints(file, `${up}${folder}/example.ts`)).toEqual([
      expect.stringContaining('src may not import test, demo or scripts'),
    ]);
});

describe('packages stay in their rooms', () => {
  test.each(folders.filter((folder) => folder !== 'aws'))('%s may not import the AWS SDK', async (folder) => {
    expect(await complaints(`src/${folder}/example.ts`, '@aws-sdk/client-iam')).toEqual([
      expect.stringContaining('@aws-sdk/* is used only in src/aws'),
    ]);
  });

  test.each(folders.filter((folder) => folder !== 'runtime' && folder !== 'api'))(
    '%s may not import the Kubernetes client',
    async (folder) => {
      expect(await complaints(`src/${folder}/example.ts`, '@kubernetes/client-node')).toEqual([
        expect.stringContaining('@kubernetes/client-node is used only in src/runtime and src/api'),
      ]);
    },
  );

  test('aws may import the AWS SDK, and runtime the Kubernetes client', async () => {
    expect(await complaints('src/aws/example.ts', '@aws-sdk/client-iam')).toEqual([]);
    expect(await complaints('src/runtime/example.ts', '@kubernetes/client-node')).toEqual([]);
  });
});
