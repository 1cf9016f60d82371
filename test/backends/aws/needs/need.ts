import { items, text, type Xml } from '../xml.ts';
import type { AwsRequest } from '../request.ts';
import type { FrontState } from '../state.ts';

export type Context = Readonly<Record<string, string | readonly string[]>>;

/** One permission that a call needs. */
export interface Need {
  /** `iam:CreateRole` */
  readonly action: string;
  /** ARN, or `*` for an action that knows no resources. */
  readonly resource: string;
  readonly context: Context;
}

/** The name that stands in the ARN of what the call is about to make. */
export const unborn = 'new';

export type Tags = readonly (readonly [key: string, value: string])[];

/** What one operation needs. */
export type Read = (request: AwsRequest, state: FrontState) => Need[] | Promise<Need[]>;

/** By `service:Operation`. */
export type Needs = Readonly<Record<string, Read>>;

export const need = (action: string, resource: string, context: Context = {}): Need => ({ action, resource, context });

export const requestTags = (tags: Tags): Context =>
  Object.fromEntries(tags.map(([key, value]) => [`aws:RequestTag/${key}`, value]));
export const resourceTags = (tags: Tags): Context =>
  Object.fromEntries(tags.map(([key, value]) => [`aws:ResourceTag/${key}`, value]));

export function xmlTags(xml: Xml, path: readonly string[]): Tags {
  return items(xml, ...path, 'Tag').map((tag) => [text(tag, 'Key'), text(tag, 'Value')] as const);
}

/** What is made with tags needs the action that tags it too. */
export function creation(
  action: string,
  tagAction: string,
  resources: readonly [make: string, tag: string],
  tags: Tags,
) {
  const context = requestTags(tags);
  const made = need(action, resources[0], context);
  return tags.length === 0 ? [made] : [made, need(tagAction, resources[1], context)];
}

export const onEverything =
  (action: string): Read =>
  () => [need(action, '*')];

export const each = (service: string, operations: readonly string[], read: Read): Record<string, Read> =>
  Object.fromEntries(operations.map((operation) => [`${service}:${operation}`, read]));
