/** What an administrator does so that the operator may use the Secrets of a namespace. */
export const secretsForbidden = (what: string, namespace: string): string =>
  `the operator may not ${what}: kubectl apply --namespace ${namespace} -k config/components/secrets`;
