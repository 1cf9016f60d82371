import { labels } from '../../../api/names.ts';
import { secrets as secretResource } from '../../../api/resources.ts';
import { jwksKey } from '../../../oidc/discovery.ts';
import { parseEntries } from '../../../oidc/jwks.ts';
import { generateSigningKey, publicKeys } from '../../../oidc/keys.ts';
import { isAlreadyExists, isForbidden } from '../../../runtime/kube-error.ts';
import type { Outcome } from '../../../runtime/step.ts';
import { isRegistered } from '../../issuer-contract.ts';
import { secretsForbidden } from '../../secret-permissions.ts';
import type { AcceptedSite } from '../context.ts';
import { keyOf } from '../site/site.ts';
import { readSecret } from './secret.ts';
import { take, waiting } from './source.ts';

/** Entries of a generated Secret, under the names that Giant Swarm's control planes mount. */
const privateEntry = 'key';
const publicEntry = 'pub';

/** Generates a pair once, and creates the Secret first: if somebody else made it meanwhile, or we did before a crash, that key counts. */
export async function generate(context: AcceptedSite, name: string): Promise<Outcome> {
  const { services, object } = context;
  const { namespace } = object.metadata;
  if ((await services.secrets.entry({ namespace, name }, publicEntry)).state === 'noSecret') {
    if (await wasPublished(context)) {
      const message =
        `Secret ${namespace}/${name} is gone, and API servers may sign with its key, which stays published: restore the Secret ` +
        `from a backup; if the key is lost, make a Secret with the entries ${privateEntry} and ${publicEntry} of a new pair`;
      return waiting(context, 'SecretNotFound', message);
    }
    const pair = await generateSigningKey();
    try {
      await services.kube.create(secretResource, {
        metadata: { namespace, name, labels: { [labels.move]: '' } },
        type: 'Opaque',
        data: { [privateEntry]: base64(pair.privateKey), [publicEntry]: base64(pair.publicKey) },
      });
      return take(context, publicKeys(pair.publicKey), 'the generated key');
    } catch (error) {
      if (isForbidden(error)) {
        return waiting(context, 'SecretForbidden', secretsForbidden(`create Secret ${namespace}/${name}`, namespace));
      }
      if (!isAlreadyExists(error)) throw error;
    }
  }
  return readSecret(context, name, publicEntry);
}

/** The object tells whether keys were published. If it lost its status, or was moved or restored, the bucket tells. */
async function wasPublished({ account, object, site, status }: AcceptedSite): Promise<boolean> {
  if ((status.keys ?? []).length > 0 || isRegistered(object)) return true;
  const published = await account.buckets(object.spec.region).findObject(site.bucket.name, keyOf(site, jwksKey));
  return published !== undefined && parseEntries(published.body).length > 0;
}

const base64 = (text: string) => Buffer.from(text).toString('base64');
