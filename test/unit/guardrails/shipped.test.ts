import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import type { Guardrail, OIDCIssuer } from '../../../src/api/kinds.ts';
import type { AWSCluster } from '../../../src/api/aws-cluster.ts';
import { derivedIssuer } from '../../../src/controllers/aws-cluster/derive-issuer.ts';
import { judgeIssuer } from '../../../src/controllers/guardrails/judge.ts';

const read = <T>(file: string) => parse(readFileSync(new URL(`../../../config/${file}`, import.meta.url), 'utf8')) as T;

const judge = (issuer: OIDCIssuer, file: string) => {
  const { metadata, spec } = read<Guardrail>(file);
  return judgeIssuer(issuer, { name: issuer.metadata.namespace, labels: {} }, [{ name: metadata.name, spec }]);
};

test('the Guardrail for AWSClusters allows what is derived from one', () => {
  const issuer = derivedIssuer(
    { metadata: { namespace: 'org-acme', name: 'abcl0' } } as AWSCluster,
    { state: 'issuer', region: 'eu-central-1', domain: 'gauss.example.com', distributionProvider: 'Keep' },
    { roleARN: 'arn:aws:iam::111122223333:role/GiantSwarmAWSOperator', accountID: '111122223333' },
  );
  const verdict = judge(issuer as unknown as OIDCIssuer, 'components/aws-cluster/guardrail.yaml');
  expect(verdict).toEqual({ allowed: true, guardrail: 'aws-clusters' });
});

test('the sample Guardrail allows the sample issuer', () => {
  const verdict = judge(read('samples/oidcissuer.yaml'), 'samples/guardrail.yaml');
  expect(verdict).toEqual({ allowed: true, guardrail: 'org-acme' });
});
