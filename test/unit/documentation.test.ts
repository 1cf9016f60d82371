import { expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { conditionTypes, reasons } from '../../src/api/conditions.ts';
import { roleName, rolePath } from '../../src/aws/names.ts';
import { kinds, readSchema, walk, type Kind, type Schema } from '../crds/schema.ts';

const page = readFileSync('docs/conditions.md', 'utf8');
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', 'src'], {
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => file.endsWith('.ts'));
const read = (paths: readonly string[]) => paths.map((file) => readFileSync(file, 'utf8')).join('\n');
const sources = read(files);
/** All but where the reasons are declared. */
const givers = read(files.filter((file) => file !== 'src/api/conditions.ts'));

test.each([...conditionTypes])('docs/conditions.md explains the condition %s', (type) => {
  expect(page).toMatch(new RegExp(`^\\| \`${type}\` +\\|`, 'm'));
});

test.each([...reasons])('docs/conditions.md says what to do about %s', (reason) => {
  expect(page).toMatch(new RegExp(`^\\| \`${reason}\` +\\|`, 'm'));
});

test.each([...reasons])('the reason %s is given somewhere', (reason) => {
  const isTypeToo = conditionTypes.some((type) => type === reason);
  expect(givers).toContain(isTypeToo ? `reason: '${reason}'` : `'${reason}'`);
});

const eventReasons = [
  ...sources.matchAll(/event\(\s*'(?:Normal|Warning)',\s*'(\w+)'/g),
  ...sources.matchAll(/type: '(?:Normal|Warning)', reason: '(\w+)'/g),
].map(([, reason]) => reason!);

test.each([...new Set(eventReasons)])('docs/conditions.md explains the event %s', (reason) => {
  expect(page).toMatch(new RegExp(`^\\| \`${reason}\` +\\|`, 'm'));
});

const pages = [
  'README.md',
  ...execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', 'docs/*.md', 'config/**/*.md'], {
    encoding: 'utf8',
  })
    .trim()
    .split('\n'),
];

test.each(pages)('the links of %s lead to files that are there', (file) => {
  const links = [...readFileSync(file, 'utf8').matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, target]) => target!);
  expect(links.filter((target) => !existsSync(join(dirname(file), target)))).toEqual([]);
});

test('the README leads to every page of docs/', () => {
  const readme = readFileSync('README.md', 'utf8');
  const missing = pages.filter((file) => /^docs\/[^/]+$/.test(file) && !readme.includes(`](${file})`));
  expect(missing).toEqual([]);
});

/** The anchor that GitHub gives a heading. */
const anchorOf = (heading: string) =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(/\s/g, '-');
const anchorsOf = (file: string) =>
  [...readFileSync(file, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, heading]) => anchorOf(heading!));

test.each(pages)('the links of %s to headings lead to headings that are there', (file) => {
  const links = [...readFileSync(file, 'utf8').matchAll(/\]\((?!https?:)([^)#]*\.md)?#([^)]+)\)/g)];
  const dead = links.filter(
    ([, target, anchor]) => !anchorsOf(target === undefined ? file : join(dirname(file), target)).includes(anchor!),
  );
  expect(dead.map(([link]) => link)).toEqual([]);
});

/** Each property below spec and status, with both, and the schema of the object that it is in. */
const fields = (Object.keys(kinds) as Kind[]).flatMap((kind) =>
  [...walk(readSchema(kind))].flatMap(([path, holder]) =>
    Object.entries(holder.properties ?? {})
      // The three that every object has are explained by Kubernetes.
      .filter(([name]) => path.length > 0 || name === 'spec' || name === 'status')
      .map(([name, schema]) => ({ field: [kind, ...path, name].join('.'), name, schema, holder })),
  ),
);
const textOf = ({ description = '' }: Schema) => description;

test('every field of the CRDs is described', () => {
  expect(fields.length).toBeGreaterThan(100);
  expect(fields.filter(({ schema }) => !/^\S.*\.$/s.test(textOf(schema))).map(({ field }) => field)).toEqual([]);
});

test('every field that may be absent says what that means, but for the members of a union', () => {
  const unclear = fields.filter(
    ({ name, schema, holder }) =>
      !holder.required?.includes(name) &&
      !textOf(holder).includes('Exactly one of') &&
      schema.default === undefined &&
      !textOf(schema).includes('Absent'),
  );
  expect(unclear.map(({ field }) => field)).toEqual([]);
});

/** Each field below this one that has no fields of its own, as the page writes it: `spec.keys[].name`. */
function leaves(schema: Schema, path: string): readonly string[] {
  if (schema.items) return leaves(schema.items, schema.items.properties ? `${path}[]` : path);
  const properties = Object.entries(schema.properties ?? {});
  return properties.length === 0 ? [path] : properties.flatMap(([name, child]) => leaves(child, `${path}.${name}`));
}

test.each([
  ['OIDCIssuer', 'spec'],
  ['OIDCIssuer', 'status'],
  ['IAMServiceAccount', 'spec'],
  ['IAMServiceAccount', 'status'],
] as const)('the page of %s has each field of the %s', (kind, part) => {
  const text = readFileSync(`docs/${kind.toLowerCase()}.md`, 'utf8');
  const paths = leaves(readSchema(kind).properties![part]!, part);
  expect(paths.length).toBeGreaterThan(15);
  expect(paths.filter((path) => !text.includes(`\`${path}\``))).toEqual([]);
});

test('the page of Guardrails has each field of the spec in its table', () => {
  const text = readFileSync('docs/guardrails.md', 'utf8');
  const rows = text.split('\n').filter((line) => line.startsWith('| `'));
  const { issuers, roles, ...own } = readSchema('Guardrail').properties!['spec']!.properties!;
  const below = (name: string, group: Schema | undefined) =>
    Object.keys(group?.properties ?? {}).map((field) => `${name}.${field}`);
  const paths = [...Object.keys(own), ...below('issuers', issuers), ...below('roles', roles)];
  expect(paths.length).toBeGreaterThan(12);
  const said = rows.map((row) => row.split('|')[1]).join();
  expect(paths.filter((path) => !said.includes(`\`${path}\``))).toEqual([]);
});

const roleSources = read(files.filter((file) => file.startsWith('src/controllers/iam-service-account/')));

test.each(reasons.filter((reason) => roleSources.includes(`'${reason}'`)))(
  'the page of IAMServiceAccount says what to do about %s',
  (reason) => {
    const text = readFileSync('docs/iamserviceaccount.md', 'utf8');
    expect(text).toMatch(new RegExp(`^\\|.*\`${reason}\`.*\\|.*\\|.*\\|$`, 'm'));
  },
);

test.each(['s3-reader', 'a'.repeat(60)])("docs/gitops.md computes the ARN of %s's role", (name) => {
  const [, script = ''] = /^```sh\n(installation=.*?)^```$/ms.exec(readFileSync('docs/gitops.md', 'utf8')) ?? [];
  const arn = execFileSync('sh', ['-c', script.replace('name=s3-reader', `name=${name}`)], { encoding: 'utf8' });
  expect(arn).toBe(
    `arn:aws:iam::111122223333:role${rolePath('example', 'irsa')}${roleName('example', 'irsa', name)}\n`,
  );
});

/** The manifests in a page's YAML blocks, of our kinds. */
const manifestsOf = (file: string) =>
  [...readFileSync(file, 'utf8').matchAll(/^ *```yaml\n(.*?)^ *```$/gms)]
    .flatMap(([, block]) => parseAllDocuments(block!).map((document) => document.toJS() as unknown))
    .filter((manifest): manifest is Manifest => Object.keys(kinds).includes((manifest as Manifest | null)?.kind ?? ''));

interface Manifest {
  readonly kind: Kind;
}

/** What the schema does not know: the API server would drop it in silence. */
function unknownFields(value: unknown, schema: Schema | undefined, path: string): readonly string[] {
  if (schema === undefined) return [path];
  if (Array.isArray(value)) return value.flatMap((item) => unknownFields(item, schema.items, `${path}[]`));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, child]) =>
    unknownFields(child, schema.properties?.[name] ?? schema.additionalProperties, `${path}.${name}`),
  );
}

test.each(pages)('the manifests of %s have only fields that there are', (file) => {
  const unknown = manifestsOf(file).flatMap(({ kind, ...manifest }) => {
    const { spec } = manifest as { readonly spec?: unknown };
    return unknownFields(spec, readSchema(kind).properties!['spec'], `${kind}.spec`);
  });
  expect(unknown).toEqual([]);
});

test('some pages have manifests of our kinds', () => {
  expect(pages.flatMap(manifestsOf).length).toBeGreaterThan(10);
});

const defects = [
  ...readFileSync('docs/defects.md', 'utf8').matchAll(/^\| (.+?) +\| \[[^\]]*\]\(\.\.\/(test\/\S+)\) +\| (.+?) +\|$/gm),
].map(([, defect, file, title]) => ({ defect: defect!, file: file!, title: title! }));

test.each(defects)('docs/defects.md names a test that is there: $defect', ({ file, title }) => {
  const source = readFileSync(file, 'utf8');
  expect(["'", '"', '`'].filter((quote) => source.includes(`${quote}${title}${quote}`))).toHaveLength(1);
});

test('docs/defects.md has a test in every row of its tables', () => {
  const rows = readFileSync('docs/defects.md', 'utf8').match(/^\| (?!defect |-).*$/gm) ?? [];
  expect(rows.length).toBeGreaterThan(50);
  expect(defects).toHaveLength(rows.length);
});
