import { randomUUID } from 'node:crypto';
import type { Reply } from './request.ts';
import { xmlDocument } from './xml.ts';

/** An error as AWS answers it: the code on the wire, which the SDK turns into the error's name. */
export class AwsError extends Error {
  constructor(
    readonly code: string,
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

export function awsError(code: string, status: number, message: string): AwsError {
  return new AwsError(code, status, message);
}

const namespaces: Readonly<Record<string, string>> = {
  iam: 'https://iam.amazonaws.com/doc/2010-05-08/',
  sts: 'https://sts.amazonaws.com/doc/2011-06-15/',
  cloudfront: 'http://cloudfront.amazonaws.com/doc/2020-05-31/',
  route53: 'https://route53.amazonaws.com/doc/2013-04-01/',
};

/** The error in the words of the service's protocol. */
export function errorReply(service: string, error: AwsError): Reply {
  const { status, code, message } = error;
  const requestID = randomUUID();
  const namespace = namespaces[service];
  if (namespace) {
    const detail = { Type: status < 500 ? 'Sender' : 'Receiver', Code: code, Message: message };
    const body = xmlDocument('ErrorResponse', namespace, { Error: detail, RequestId: requestID });
    return { status, headers: { 'content-type': 'text/xml', 'x-amzn-requestid': requestID }, body };
  }
  if (service === 's3') {
    const body = xmlDocument('Error', undefined, {
      Code: code,
      Message: message,
      RequestId: requestID,
      HostId: requestID,
    });
    return { status, headers: { 'content-type': 'application/xml', 'x-amz-request-id': requestID }, body };
  }
  const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': requestID };
  return { status, headers, body: JSON.stringify({ __type: code, message }) };
}

/** How each service says that it was called too often. */
export function throttled(service: string): AwsError {
  if (service === 's3') return awsError('SlowDown', 503, 'Please reduce your request rate.');
  return awsError(service in namespaces ? 'Throttling' : 'ThrottlingException', 400, 'Rate exceeded');
}
