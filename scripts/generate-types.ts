import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { compile } from 'json-schema-to-typescript';
import { resolveConfig } from 'prettier';
import { parse, parseAllDocuments } from 'yaml';

/** The part of OpenAPI v3 that a structural schema consists of and that has a meaning for types. */
interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema;
  readonly items?: Schema;
}

interface CustomResourceDefinition {
  readonly spec: {
    readonly names: { readonly kind: string };
    readonly versions: readonly { readonly schema: { readonly openAPIV3Schema: Schema } }[];
  };
}

/** Which generated file comes from which CRD, from the project's folder. */
const sources: Readonly<Record<string, string>> = {
  'src/api/generated/oidc-issuer.ts': 'crds/oidcissuers.yaml',
  'src/api/generated/iam-service-account.ts': 'crds/iamserviceaccounts.yaml',
  'src/api/generated/guardrail.ts': 'crds/guardrails.yaml',
};

/**
 * The schema as the API server answers with it: no property that the schema does not name (they are pruned), and each
 * that has a default is there. Lengths and patterns are left out, for types cannot say them.
 */
function asRead({
  type,
  description,
  enum: values,
  required = [],
  properties,
  additionalProperties,
  items,
}: Schema): object {
  if (additionalProperties) {
    return { type, description, additionalProperties: asRead(additionalProperties) };
  }
  if (type !== 'object') {
    return { type, description, ...(values && { enum: values }), ...(items && { items: asRead(items) }) };
  }
  const entries = Object.entries(properties ?? {});
  const defaulted = entries.filter(([, property]) => property.default !== undefined).map(([name]) => name);
  return {
    type,
    description,
    additionalProperties: false,
    required: [...required, ...defaulted],
    properties: Object.fromEntries(entries.map(([name, property]) => [name, asRead(property)])),
  };
}

/** TypeScript for the spec and the status of one CRD. */
async function generate(crdFile: string): Promise<string> {
  const { spec } = parse(await readFile(crdFile, 'utf8')) as CustomResourceDefinition;
  const properties = spec.versions[0]?.schema.openAPIV3Schema.properties ?? {};
  const style = (await resolveConfig('scripts/generate-types.ts')) ?? {};
  const options = { bannerComment: '', additionalProperties: false, ignoreMinAndMaxItems: true, style };
  const parts = Object.entries({ Spec: properties.spec, Status: properties.status }).flatMap(([suffix, schema]) =>
    schema ? [compile({ ...asRead(schema), title: spec.names.kind + suffix }, spec.names.kind + suffix, options)] : [],
  );
  return [
    `// Made from ${crdFile} by \`npm run generate\`; change that file instead.\n`,
    ...(await Promise.all(parts)),
  ].join('\n');
}

const policyFolder = 'config/pod-identity/v1';

/** What people can apply and the operator applies, as one text: the bundle of the operator has no YAML files. */
async function generateManifests(): Promise<string> {
  const files = ['policy.yaml', 'bindings.yaml'].map((name) => readFile(`${policyFolder}/${name}`, 'utf8'));
  const manifests = (await Promise.all(files)).flatMap((text) =>
    parseAllDocuments(text).map((document) => document.toJS() as unknown),
  );
  return [
    `// Made from ${policyFolder} by \`npm run generate\`; change that folder instead.\n`,
    '/** The policy, and after it its bindings. */',
    `export const podIdentityManifests = ${JSON.stringify(manifests, null, 2)} as const;\n`,
  ].join('\n');
}

const check = process.argv.includes('--check');

async function write(file: string, source: string, wanted: string): Promise<void> {
  if (!check) {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, wanted);
  } else if ((await readFile(file, 'utf8').catch(() => '')) !== wanted) {
    console.error(`${file} does not follow from ${source}: run \`npm run generate\``);
    process.exitCode = 1;
  }
}

for (const [file, crdFile] of Object.entries(sources)) await write(file, crdFile, await generate(crdFile));
await write('src/api/generated/pod-identity.ts', policyFolder, await generateManifests());
