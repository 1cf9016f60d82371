import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import type { Guardrail, OIDCIssuer } from '../../../src/api/kinds.ts';
import type { AWSCluster } from '../../../src/api/aws-cluster.ts';
import { GiantSwarmSource } from '../../../src/controllers/aws-cluster/giant-swarm.ts';
import { judgeIssuer } from '../../../src/controllers/guardrails/judge.ts';
import { World } from '../../reconcilers/world.ts';

const read = <T>(file: string) => parse(readFileSync(new URL(`../../../config/${file}`, import.meta.url), 'utf8')) as T;

const judge = (issuer: OIDCIssuer, file: string) => {
  const { metadata, spec } = read<Guardrail>(file);
  return judgeIssuer(issuer, { name: issuer.metadata.namespace, labels: {} }, [{ name: metadata.name, spec }]);
};

test('the Guardrail for AWSClusters allows what is derived from one', async () => {
  const world = new World();
  const roleARN = 'arn:aws:iam::111122223333:role/GiantSwarmAWSOperator';
  world.seedSecret('credential', { 'aws.awsoperator.arn': roleARN });
  const provider = { region: 'eu-central-1', credentialSecret: { name: 'credential', namespace: 'default' } };
  const derivation = await new GiantSwarmSource(world).derive({
    metadata: { namespace: 'org-acme', name: 'abcl0', labels: { 'release.giantswarm.io/version': '19.0.0' } },
    spec: { cluster: { dns: { domain: 'gauss.example.com' } }, provider },
  } as unknown as AWSCluster);
  if (derivation.state !== 'issuer') throw new Error(derivation.state);
  const verdict = judge(derivation.desired as unknown as OIDCIssuer, 'components/aws-cluster/guardrail.yaml');
  expect(verdict).toEqual({ allowed: true, guardrail: 'aws-clusters' });
});

test('the sample Guardrail allows the sample issuer', () => {
  const verdict = judge(read('samples/oidcissuer.yaml'), 'samples/guardrail.yaml');
  expect(verdict).toEqual({ allowed: true, guardrail: 'org-acme' });
});
