import { awsError } from '../errors.ts';
import { isPublic } from '../policy.ts';
import type { AwsRequest, Reply } from '../request.ts';
import { deletedPrincipal, shownPolicy } from '../shown-policy.ts';
import type { Bucket, FrontState } from '../state.ts';
import { buildXml, element, xmlDocument, type Xml } from '../xml.ts';
import type { Handler } from './index.ts';

const namespace = 'http://s3.amazonaws.com/doc/2006-03-01/';

/** Of every new bucket: https://docs.aws.amazon.com/AmazonS3/latest/userguide/create-bucket-faq.html */
const newBucket = {
  publicAccessBlock: {
    BlockPublicAcls: 'true',
    IgnorePublicAcls: 'true',
    BlockPublicPolicy: 'true',
    RestrictPublicBuckets: 'true',
  },
  ownershipControls: { Rule: { ObjectOwnership: 'BucketOwnerEnforced' } },
};

// Policy, public access block and ownership are kept here: moto ignores the Condition of a bucket policy,
// so that a TLS-only statement would deny everything and a service principal let everybody in.
export const s3: Readonly<Record<string, Handler>> = {
  's3:CreateBucket': async (request, state) => {
    const { accountID, region, labels } = request;
    const name = labels['bucket'] ?? '';
    const reply = await state.emulator.send(request);
    if (reply.status !== 200 || state.buckets.has(name)) return reply;
    state.buckets.set(name, { name, accountID, region, ...newBucket });
    state.lateTags.made(bucketARN(name), state.timing.readsWithoutTags);
    const tags = element(request.xml, 'Tags');
    if (tags !== undefined && tags !== '') await tagBucket(request, tags, state);
    return reply;
  },
  's3:DeleteBucket': async (request, state) => {
    const reply = await state.emulator.send(request);
    if (reply.status === 204) state.buckets.delete(request.labels['bucket'] ?? '');
    return reply;
  },

  's3:GetBucketTagging': (request, state) => {
    if (!state.lateTags.hides(bucketARN(find(request, state).name))) return state.emulator.send(request);
    throw awsError('NoSuchTagSet', 404, 'The TagSet does not exist');
  },

  's3:PutBucketPolicy': (request, state) => {
    const policy = request.body.toString();
    if (deletedPrincipal(policy) !== undefined) throw awsError('MalformedPolicy', 400, 'Invalid principal in policy');
    find(request, state).policy = policy;
    return empty;
  },
  's3:GetBucketPolicy': (request, state) => {
    const { policy } = find(request, state);
    if (policy === undefined) throw awsError('NoSuchBucketPolicy', 404, 'The bucket policy does not exist');
    return { status: 200, headers: { 'content-type': 'application/json' }, body: shownPolicy(policy) };
  },
  's3:DeleteBucketPolicy': (request, state) => {
    delete find(request, state).policy;
    return empty;
  },
  's3:GetBucketPolicyStatus': (request, state) => {
    const { policy } = find(request, state);
    if (policy === undefined) throw awsError('NoSuchBucketPolicy', 404, 'The bucket policy does not exist');
    return answer('PolicyStatus', { IsPublic: String(isPublic(policy)) });
  },

  's3:PutPublicAccessBlock': (request, state) => {
    find(request, state).publicAccessBlock = request.xml;
    return { ...empty, status: 200 };
  },
  's3:GetPublicAccessBlock': (request, state) => {
    const { publicAccessBlock } = find(request, state);
    if (publicAccessBlock !== undefined) return answer('PublicAccessBlockConfiguration', publicAccessBlock);
    const message = 'The public access block configuration was not found';
    throw awsError('NoSuchPublicAccessBlockConfiguration', 404, message);
  },
  's3:DeletePublicAccessBlock': (request, state) => {
    delete find(request, state).publicAccessBlock;
    return empty;
  },

  's3:PutBucketOwnershipControls': (request, state) => {
    find(request, state).ownershipControls = request.xml;
    return { ...empty, status: 200 };
  },
  's3:GetBucketOwnershipControls': (request, state) => {
    const { ownershipControls } = find(request, state);
    if (ownershipControls !== undefined) return answer('OwnershipControls', ownershipControls);
    throw awsError('OwnershipControlsNotFoundError', 404, 'The bucket ownership controls were not found');
  },
  's3:DeleteBucketOwnershipControls': (request, state) => {
    delete find(request, state).ownershipControls;
    return empty;
  },
};

const bucketARN = (name: string) => `arn:aws:s3:::${name}`;

const empty: Reply = { status: 204, headers: {}, body: '' };

function answer(name: string, fields: Xml): Reply {
  return {
    status: 200,
    headers: { 'content-type': 'application/xml' },
    body: xmlDocument(name, namespace, fields),
  };
}

function find({ labels }: AwsRequest, state: FrontState): Bucket {
  const bucket = state.buckets.get(labels['bucket'] ?? '');
  if (!bucket) throw awsError('NoSuchBucket', 404, 'The specified bucket does not exist');
  return bucket;
}

/** moto drops the tags of CreateBucketConfiguration. */
async function tagBucket(request: AwsRequest, tags: Xml, state: FrontState): Promise<void> {
  const body = Buffer.from(buildXml('Tagging', { TagSet: tags }));
  const target = `/${request.labels['bucket']}?tagging`;
  const { authorization } = request.headers;
  const headers = { 'content-type': 'application/xml', ...(authorization && { authorization }) };
  await state.emulator.send({ ...request, method: 'PUT', target, headers, body, operation: 'PutBucketTagging' });
}
