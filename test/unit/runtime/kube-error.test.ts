import { expect, test } from '@jest/globals';
import { isSilence, KubeError } from '../../../src/runtime/kube-error.ts';
import { InvalidKubeconfigError } from '../../../src/runtime/workload-clusters.ts';

const coded = (code: string) => Object.assign(new Error(code), { code });

test.each<[string, unknown, boolean]>([
  ['a refused connection', coded('ECONNREFUSED'), true],
  ['a host to which there is no way', coded('EHOSTUNREACH'), true],
  ['a network to which there is no way', coded('ENETUNREACH'), true],
  ['a connect that the system gave up', coded('ETIMEDOUT'), true],
  ['a connect that took too long', coded('UND_ERR_CONNECT_TIMEOUT'), true],
  ['a name that does not exist', coded('ENOTFOUND'), true],
  ['a name server that does not answer', coded('EAI_AGAIN'), true],
  ['a call that took too long', new DOMException('x', 'TimeoutError'), true],
  ['an answer that did not begin', coded('UND_ERR_HEADERS_TIMEOUT'), true],
  ['an answer that did not go on', coded('UND_ERR_BODY_TIMEOUT'), true],
  ['a reset connection', coded('ECONNRESET'), false],
  ['a connection that the other side closed', coded('UND_ERR_SOCKET'), false],
  ['an answer that is too large', coded('UND_ERR_RES_EXCEEDED_MAX_SIZE'), false],
  ['a certificate of somebody else', coded('UNABLE_TO_VERIFY_LEAF_SIGNATURE'), false],
  ['an answer that is no JSON', new SyntaxError('x'), false],
  ['an answer that says no', new KubeError('x', 503, undefined), false],
  ['an address that we do not call', new InvalidKubeconfigError('x'), false],
  ['nothing at all', undefined, false],
])('%s says whether an API server is silent', (_, error, silent) => {
  expect(isSilence(error)).toBe(silent);
});
