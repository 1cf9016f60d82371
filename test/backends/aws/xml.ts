import { XMLBuilder, XMLParser } from 'fast-xml-parser';

/** Parsed XML: text of a leaf, fields of an element, a list where an element stands several times. Attributes are left out. */
export type Xml = string | Xml[] | { [name: string]: Xml };

const parser = new XMLParser({ ignoreAttributes: true, parseTagValue: false, ignoreDeclaration: true });
const builder = new XMLBuilder({ format: false });

/** The fields of the root element. */
export function parseXml(body: string): Xml {
  const [root] = Object.values(parser.parse(body) as Record<string, Xml>);
  return root ?? '';
}

/** One element and all below it. */
export function buildXml(name: string, fields: Xml): string {
  return builder.build({ [name]: fields });
}

/** A document of one root element, in a namespace where one is given. */
export function xmlDocument(name: string, namespace: string | undefined, fields: Xml): string {
  const root = buildXml(name, fields);
  const body = namespace ? root.replace(`<${name}`, `<${name} xmlns="${namespace}"`) : root;
  return `<?xml version="1.0" encoding="UTF-8"?>\n${body}`;
}

function child(node: Xml | undefined, name: string): Xml | undefined {
  return typeof node === 'object' && !Array.isArray(node) ? node[name] : undefined;
}

/** The element at a path, undefined where one of its parts is missing. */
export function element(node: Xml, ...path: string[]): Xml | undefined {
  return path.reduce<Xml | undefined>(child, node);
}

/** The text at a path, empty where there is none. */
export function text(node: Xml, ...path: string[]): string {
  const found = element(node, ...path);
  return typeof found === 'string' ? found : '';
}

/** The elements at a path, however many there are. */
export function items(node: Xml, ...path: string[]): Xml[] {
  const found = element(node, ...path);
  if (found === undefined || found === '') return [];
  return Array.isArray(found) ? found : [found];
}

/** The texts at a path, however many there are. */
export function texts(node: Xml, ...path: string[]): string[] {
  return items(node, ...path).filter((item) => typeof item === 'string');
}
