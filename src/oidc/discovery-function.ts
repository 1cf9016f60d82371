import { discoveryDocument, discoveryKey, jwksKey } from './discovery.ts';

/**
 * The code of a CloudFront Function for a distribution whose own URL is an issuer beside its alias: under that URL it answers with a
 * discovery document that names that URL. All other requests go on as they came. The code names no site, so it is the same for all.
 * It runs in both runtimes of CloudFront Functions.
 * https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-event-structure.html
 */
export function discoveryFunction(): string {
  const { issuer: _issuer, jwks_uri: _jwksURI, ...others } = discoveryDocument('');
  return `function handler(event) {
  var request = event.request;
  var own = event.context.distributionDomainName;
  if (request.uri !== ${JSON.stringify(`/${discoveryKey}`)}) return request;
  if (request.headers.host.value.toLowerCase() !== own) return request;
  var discovery = ${JSON.stringify(others)};
  discovery.issuer = 'https://' + own;
  discovery.jwks_uri = discovery.issuer + ${JSON.stringify(`/${jwksKey}`)};
  return {
    statusCode: 200,
    statusDescription: 'OK',
    headers: { 'content-type': { value: 'application/json' } },
    body: { encoding: 'text', data: JSON.stringify(discovery) }
  };
}
`;
}
