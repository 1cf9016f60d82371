import { AddClientIDToOpenIDConnectProviderCommand, CreateOpenIDConnectProviderCommand } from '@aws-sdk/client-iam';
import type { Clients } from '../clients.ts';
import type { Cases } from './case.ts';

function make({ iam }: Clients, Url: string, ClientIDList = ['sts.amazonaws.com']) {
  return iam.send(new CreateOpenIDConnectProviderCommand({ Url, ClientIDList }));
}

function addClientID({ iam }: Clients, ClientID: string) {
  const OpenIDConnectProviderArn = 'arn:aws:iam::123456789012:oidc-provider/irsa.example.com';
  return iam.send(new AddClientIDToOpenIDConnectProviderCommand({ OpenIDConnectProviderArn, ClientID }));
}

const clientIDs = (count: number) => Array.from({ length: count }, (_, index) => `client-${index}`);

export const providerCases: Cases = {
  'provider-url': {
    error: 'ValidationError',
    status: 400,
    allowed: ({ aws }) => make(aws, 'https://s3.eu-central-1.amazonaws.com/bucket'),
    refused: ({ aws }) => make(aws, 'https://irsa.example.com:8443'),
    alsoRefused: {
      'plain HTTP': ({ aws }) => make(aws, 'http://irsa.example.com'),
      'a query': ({ aws }) => make(aws, 'https://irsa.example.com/?a=b'),
      '256 characters': ({ aws }) => make(aws, `https://irsa.example.com/${'a'.repeat(231)}`),
    },
  },
  'provider-client-id': {
    error: 'ValidationError',
    status: 400,
    allowed: ({ aws }) => make(aws, 'https://irsa.example.com', ['a'.repeat(255)]),
    refused: ({ aws }) => make(aws, 'https://irsa.example.com', ['a'.repeat(256)]),
  },
  'provider-client-id-count': {
    error: 'LimitExceededException',
    status: 409,
    async allowed({ aws }) {
      await make(aws, 'https://irsa.example.com', clientIDs(99));
      await addClientID(aws, 'the hundredth');
    },
    async refused({ aws }) {
      await make(aws, 'https://irsa.example.com', clientIDs(100));
      await addClientID(aws, 'one more');
    },
  },
  'provider-issuer-answers': {
    error: 'OpenIdIdpCommunicationErrorException',
    status: 400,
    async allowed({ aws, front }) {
      const { issuerReachable } = front;
      front.issuerReachable = async (url) => url === 'https://irsa.example.com';
      await make(aws, 'https://irsa.example.com').finally(() => (front.issuerReachable = issuerReachable));
    },
    async refused({ aws, front }) {
      const { issuerReachable } = front;
      front.issuerReachable = async (url) => url !== 'https://irsa.example.com';
      await make(aws, 'https://irsa.example.com').finally(() => (front.issuerReachable = issuerReachable));
    },
  },
};
