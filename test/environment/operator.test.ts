import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GuardedDirectory } from '../backends/guard.ts';
import { Operator } from './operator.ts';
import { until } from './wait.ts';

const variables = { ...process.env };
let dir: GuardedDirectory;
beforeEach(() => {
  dir = GuardedDirectory.create('irsa-operator-test');
});
afterEach(async () => {
  process.env = variables;
  await dir.remove();
});

/** A program that says what environment it runs in. */
function teller(): string {
  const file = join(dir.path, 'teller');
  writeFileSync(file, '#!/bin/sh\nenv\necho told\n');
  chmodSync(file, 0o755);
  return file;
}

test('nothing of a person’s own AWS, proxies or settings reaches the operator', async () => {
  const own = {
    ...{ AWS_PROFILE: 'mine', AWS_ENDPOINT_URL_S3: 'http://mine', AWS_REGION: 'eu-west-1', AWS_SESSION_TOKEN: 'mine' },
    ...{ https_proxy: 'http://mine', HTTP_PROXY: 'http://mine', all_proxy: 'http://mine', No_Proxy: 'mine' },
    ...{ NODE_USE_ENV_PROXY: '1', IRSA_OPERATOR_INSTALLATION: 'mine', ANYTHING: 'else' },
  };
  process.env = { ...variables, ...own };
  const operator = Operator.start({
    kubeconfig: '/etc/kubeconfig',
    environment: { AWS_REGION: 'eu-central-1', HTTPS_PROXY: 'http://127.0.0.1:1' },
    config: {},
    installed: { node: teller(), bundle: '/main.js', user: undefined },
  });
  await until('the program to tell', () => operator.output().endsWith('told\n') || undefined);
  const told = operator.output().split('\n');
  await operator.remove();

  const led = told.filter((line) => /^(AWS_|IRSA_OPERATOR_|ANYTHING=|NODE_OPTIONS=)|^\w*_proxy=/i.test(line));
  expect(led.sort()).toEqual([
    'ANYTHING=else',
    'AWS_CONFIG_FILE=/dev/null',
    'AWS_REGION=eu-central-1',
    'AWS_SHARED_CREDENTIALS_FILE=/dev/null',
    'HTTPS_PROXY=http://127.0.0.1:1',
    'NODE_OPTIONS=',
  ]);
});
