import { annotations, labels } from '../../../api/names.ts';
import { type NamespacedName, secrets as secretResource } from '../../../api/resources.ts';
import { jwksKey } from '../../../oidc/discovery.ts';
import { parseEntries } from '../../../oidc/jwks.ts';
import { generateSigningKey, publicKeys } from '../../../oidc/keys.ts';
import { isAlreadyExists, isForbidden } from '../../../runtime/kube-error.ts';
import type { Outcome } from '../../../runtime/step.ts';
import { isRegistered } from '../../issuer-contract.ts';
import { secretsForbidden } from '../../secret-permissions.ts';
import type { AcceptedSite } from '../context.ts';
import { keyOf } from '../site/site.ts';
import { entries, publicParts } from './generated-secret.ts';
import { rotate } from './rotate.ts';
import { take, waiting } from './source.ts';

export interface Generated {
  readonly secretName: string;
  /** Milliseconds; 0: never. */
  readonly rotateEvery: number;
}

/** Generates a pair once, and creates the Secret first: if somebody else made it meanwhile, or we did before a crash, that key counts. */
export async function generate(context: AcceptedSite, { secretName, rotateEvery }: Generated): Promise<Outcome> {
  const { services, object } = context;
  const { namespace } = object.metadata;
  const ref = { namespace, name: secretName };
  const name = `Secret ${namespace}/${secretName}`;
  let found = await services.secrets.read(ref, publicParts);
  if (found.state === 'noSecret') {
    const made = await create(context, ref);
    if (made) return made;
    found = await services.secrets.read(ref, publicParts);
  }
  switch (found.state) {
    case 'forbidden':
      return waiting(context, 'SecretForbidden', secretsForbidden(`read ${name}`, namespace));
    case 'noSecret':
      return waiting(context, 'SecretNotFound', `${name} does not exist`);
    case 'found':
      if (found.entries[entries.pub] === undefined) {
        return waiting(context, 'SecretNotFound', `entry ${entries.pub} of ${name} does not exist`);
      }
      return rotate(context, { ref, found, rotateEvery });
  }
}

/** Undefined: somebody else was quicker. */
async function create(context: AcceptedSite, { namespace, name }: NamespacedName): Promise<Outcome | undefined> {
  const { services, object } = context;
  if (await wasPublished(context)) {
    const message =
      `Secret ${namespace}/${name} is gone, and API servers may sign with its key, which stays published: restore the Secret ` +
      `from a backup; if the key is lost, make a Secret with the entries ${entries.key} and ${entries.pub} of a new pair`;
    return waiting(context, 'SecretNotFound', message);
  }
  const pair = await generateSigningKey();
  const request = object.metadata.annotations?.[annotations.rotate];
  try {
    await services.kube.create(secretResource, {
      metadata: {
        namespace,
        name,
        labels: { [labels.move]: '' },
        annotations: {
          [annotations.generatedFor]: object.metadata.name,
          // What was asked for before there was a key is done.
          ...(request !== undefined && { [annotations.rotate]: request }),
        },
      },
      type: 'Opaque',
      data: { [entries.key]: base64(pair.privateKey), [entries.pub]: base64(pair.publicKey) },
    });
    return take(context, publicKeys(pair.publicKey), 'the generated key');
  } catch (error) {
    if (isForbidden(error)) {
      return waiting(context, 'SecretForbidden', secretsForbidden(`create Secret ${namespace}/${name}`, namespace));
    }
    if (!isAlreadyExists(error)) throw error;
    return undefined;
  }
}

/** The object tells whether keys were published. If it lost its status, or was moved or restored, the bucket tells. */
async function wasPublished({ account, object, site, status }: AcceptedSite): Promise<boolean> {
  if ((status.keys ?? []).length > 0 || isRegistered(object)) return true;
  const published = await account.buckets(object.spec.region).findObject(site.bucket.name, keyOf(site, jwksKey));
  return published !== undefined && parseEntries(published.body).length > 0;
}

const base64 = (text: string) => Buffer.from(text).toString('base64');
