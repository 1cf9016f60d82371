import { randomBytes } from 'node:crypto';
import { awsError } from '../errors.ts';
import type { AwsRequest, Reply } from '../request.ts';
import type { FrontState } from '../state.ts';
import { element, text, type Xml } from '../xml.ts';
import { cloudFrontReply, noContent, page } from './cloudfront.ts';
import { tagsIn } from './distributions.ts';
import type { Handler } from './index.ts';

type Stage = 'DEVELOPMENT' | 'LIVE';

interface Version {
  readonly code: string;
  readonly config: Xml;
  readonly etag: string;
}

/** A CloudFront Function. What was written last and what viewers get have entity tags of their own. */
export class EdgeFunction {
  readonly id: string;
  readonly arn: string;
  readonly tags = new Map<string, string>();
  live: Version | undefined;

  constructor(
    readonly accountID: string,
    readonly name: string,
    public written: Version,
  ) {
    this.id = name;
    this.arn = `arn:aws:cloudfront::${accountID}:function/${name}`;
  }

  get etag(): string {
    return this.written.etag;
  }
}

export const functions: Readonly<Record<string, Handler>> = {
  'cloudfront:CreateFunction': ({ accountID, xml }, state) => {
    const made = new EdgeFunction(accountID, text(xml, 'Name'), versionIn(xml));
    for (const [key, value] of tagsIn(element(xml, 'Tags') ?? '')) made.tags.set(key, value);
    state.functions.set(made.arn, made);
    const location = `https://cloudfront.amazonaws.com/2020-05-31/function/${made.arn}`;
    return summaryReply(201, made, 'DEVELOPMENT', location);
  },
  'cloudfront:GetFunction': (request, state) => {
    const { code, etag } = versionOf(findFunction(request, state), stageOf(request));
    return { status: 200, headers: { 'content-type': 'application/octet-stream', etag }, body: code };
  },
  'cloudfront:UpdateFunction': (request, state) => {
    const found = findFunction(request, state);
    found.written = versionIn(request.xml);
    // Its ETag has another name than all others: https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_UpdateFunction.html
    const reply = cloudFrontReply(200, 'FunctionSummary', summary(found, 'DEVELOPMENT'));
    return { ...reply, headers: { ...reply.headers, ettag: found.etag } };
  },
  'cloudfront:PublishFunction': (request, state) => {
    const found = findFunction(request, state);
    found.live = { ...found.written, etag: newTag() };
    return summaryReply(200, found, 'LIVE');
  },
  'cloudfront:DeleteFunction': (request, state) => {
    state.functions.delete(findFunction(request, state).arn);
    return noContent;
  },
  'cloudfront:ListFunctions': ({ accountID, query }, state) => {
    const mine = [...state.functions.values()].filter((each) => each.accountID === accountID);
    const list = page(mine, query, (each) => summary(each, 'DEVELOPMENT'), 'FunctionSummary');
    return cloudFrontReply(200, 'FunctionList', list);
  },
};

/** The function a call is about; another account's is as good as none. */
export function findFunction({ labels, accountID }: AwsRequest, state: FrontState): EdgeFunction {
  const found = state.functions.get(`arn:aws:cloudfront::${accountID}:function/${labels['id'] ?? ''}`);
  if (found) return found;
  throw awsError('NoSuchFunctionExists', 404, 'The specified function does not exist.');
}

/** The code that a call sends. */
export const codeIn = (xml: Xml): string => Buffer.from(text(xml, 'FunctionCode'), 'base64').toString();

const stageOf = ({ query }: AwsRequest): Stage => (query.get('Stage') === 'LIVE' ? 'LIVE' : 'DEVELOPMENT');
const newTag = () => `E${randomBytes(7).toString('hex').toUpperCase()}`;

function versionIn(xml: Xml): Version {
  return { code: codeIn(xml), config: element(xml, 'FunctionConfig') ?? '', etag: newTag() };
}

function versionOf({ written, live }: EdgeFunction, stage: Stage): Version {
  const version = stage === 'LIVE' ? live : written;
  if (version) return version;
  throw awsError('NoSuchFunctionExists', 404, 'The specified function is not published.');
}

function summary(found: EdgeFunction, stage: Stage): Xml {
  return {
    Name: found.name,
    Status: found.live ? 'DEPLOYED' : 'UNPUBLISHED',
    FunctionConfig: versionOf(found, stage).config,
    FunctionMetadata: { FunctionARN: found.arn, Stage: stage, LastModifiedTime: new Date(0).toISOString() },
  };
}

function summaryReply(status: number, found: EdgeFunction, stage: Stage, location?: string): Reply {
  const { etag } = versionOf(found, stage);
  return cloudFrontReply(status, 'FunctionSummary', summary(found, stage), {
    etag,
    ...(location !== undefined && { location }),
  });
}
