type Variables = Readonly<Record<string, string | undefined>>;

/** What leads the AWS SDK, the operator, or any client of HTTP elsewhere than a test says. `http_proxy` counts in either case. */
const leading = /^(AWS|IRSA_OPERATOR)_|_PROXY$/i;

/** The files under ~/.aws say the same as the variables. */
const withoutFiles = { AWS_CONFIG_FILE: '/dev/null', AWS_SHARED_CREDENTIALS_FILE: '/dev/null' };

/** The environment for a program of the tests: nothing of it is a person's own AWS or proxy. */
export function plainEnvironment(variables: Variables = process.env): Variables {
  return { ...Object.fromEntries(Object.entries(variables).filter(([name]) => !leading.test(name))), ...withoutFiles };
}

/** Makes this process's own environment such a one, for the SDK clients that it makes from now on. */
export function makeEnvironmentPlain(): void {
  for (const name of Object.keys(process.env).filter((name) => leading.test(name))) delete process.env[name];
  Object.assign(process.env, withoutFiles);
}
