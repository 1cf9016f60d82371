import { keysOfText } from '../../../oidc/jwk-source.ts';
import type { Outcome } from '../../../runtime/step.ts';
import { secretsForbidden } from '../../secret-permissions.ts';
import type { AcceptedSite } from '../context.ts';
import { parsed, take, waiting } from './source.ts';

/** Publishes the keys of a Secret's entry. It never changes a Secret. */
export async function readSecret(context: AcceptedSite, name: string, key: string): Promise<Outcome> {
  const { services, object } = context;
  const { namespace } = object.metadata;
  const entry = await services.secrets.entry({ namespace, name }, key);
  if (entry.state === 'forbidden')
    return waiting(context, 'SecretForbidden', secretsForbidden(`read Secret ${namespace}/${name}`, namespace));
  if (entry.state !== 'found') {
    const missing =
      entry.state === 'noSecret' ? `Secret ${namespace}/${name}` : `entry ${key} of Secret ${namespace}/${name}`;
    return waiting(context, 'SecretNotFound', `${missing} does not exist`);
  }
  const what = `entry ${key} of Secret ${namespace}/${name}`;
  const { value } = entry;
  const keys = parsed(what, () => keysOfText(value));
  return take(context, keys, what);
}
