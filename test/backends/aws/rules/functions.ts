import { sentConfig } from '../distribution-config.ts';
import { awsError } from '../errors.ts';
import type { Rule } from '../rule.ts';
import { codeIn, findFunction } from '../services/functions.ts';
import { items, text } from '../xml.ts';
import { wrongVersion } from './distributions.ts';

const api = 'https://docs.aws.amazon.com/cloudfront/latest/APIReference';
const guide = 'https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide';

/** The functions that the default behavior of a configuration names. */
const associations = (config: Parameters<typeof items>[0]) =>
  items(config, 'DefaultCacheBehavior', 'FunctionAssociations', 'Items', 'FunctionAssociation').map((each) =>
    text(each, 'FunctionARN'),
  );

export const functionRules: readonly Rule[] = [
  {
    name: 'function-name',
    page: `${api}/API_CreateFunction.html`,
    operations: ['cloudfront:CreateFunction'],
    check({ xml }) {
      if (/^[a-zA-Z0-9-_]{1,64}$/.test(text(xml, 'Name'))) return undefined;
      return awsError('InvalidArgument', 400, 'The name of a function has 1 to 64 letters, digits, - and _.');
    },
  },
  {
    name: 'function-name-is-free',
    page: `${api}/API_CreateFunction.html`,
    operations: ['cloudfront:CreateFunction'],
    check({ xml, accountID }, state) {
      const same = state.functions.get(`arn:aws:cloudfront::${accountID}:function/${text(xml, 'Name')}`);
      return same && awsError('FunctionAlreadyExists', 409, 'A function with the same name already exists.');
    },
  },
  {
    name: 'function-code-size',
    page: `${guide}/cloudfront-limits.html`,
    operations: ['cloudfront:CreateFunction', 'cloudfront:UpdateFunction'],
    check({ xml }) {
      if (codeIn(xml).length <= 10_240) return undefined;
      return awsError('FunctionSizeLimitExceeded', 413, 'The function code is larger than 10 KB.');
    },
  },
  {
    name: 'function-version',
    page: `${api}/API_DeleteFunction.html`,
    operations: ['cloudfront:UpdateFunction', 'cloudfront:PublishFunction', 'cloudfront:DeleteFunction'],
    check: (request, state) => wrongVersion(request, findFunction(request, state)),
  },
  {
    name: 'function-in-use',
    page: `${api}/API_DeleteFunction.html`,
    operations: ['cloudfront:DeleteFunction'],
    check(request, state) {
      const { arn } = findFunction(request, state);
      const user = [...state.distributions.values()].find(({ config }) => associations(config).includes(arn));
      return user && awsError('FunctionInUse', 409, 'The function is attached to one or more cache behaviors.');
    },
  },
  {
    name: 'distribution-function-is-live',
    page: `${guide}/publish-function.html`,
    operations: [
      'cloudfront:CreateDistribution',
      'cloudfront:CreateDistributionWithTags',
      'cloudfront:UpdateDistribution',
    ],
    check(request, state) {
      const arns = associations(sentConfig(request));
      const bad = arns.find((arn) => {
        const found = state.functions.get(arn);
        return found?.accountID !== request.accountID || found.live === undefined;
      });
      const message = `The function ${bad} does not exist, or is not in the LIVE stage.`;
      return bad === undefined ? undefined : awsError('InvalidFunctionAssociation', 400, message);
    },
  },
];
