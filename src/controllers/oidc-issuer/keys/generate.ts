import { annotations, labels } from '../../../api/names.ts';
import { type NamespacedName, secrets as secretResource } from '../../../api/resources.ts';
import { jwksKey } from '../../../oidc/discovery.ts';
import { isReleased, parseEntries, parseJwks } from '../../../oidc/jwks.ts';
import { generateSigningKey, publicKeys } from '../../../oidc/keys.ts';
import { isAlreadyExists, isForbidden } from '../../../runtime/kube-error.ts';
import type { SecretParts } from '../../../runtime/secrets.ts';
import type { Outcome } from '../../../runtime/step.ts';
import { isRegistered } from '../../issuer-contract.ts';
import { secretsForbidden } from '../../secret-permissions.ts';
import type { AcceptedSite } from '../context.ts';
import { keyOf } from '../site/site.ts';
import { entries, publicParts, readGenerated } from './generated-secret.ts';
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
      if (await isPredecessors(context, found, name)) {
        const message =
          `${name} holds the key of an issuer of this name that was deleted: delete the Secret if the cluster is another one; if its ` +
          `API servers sign with that key, remove the annotation ${annotations.generatedForUID} from the Secret`;
        return waiting(context, 'NotOwned', message);
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
          [annotations.generatedForUID]: object.metadata.uid,
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
async function wasPublished(context: AcceptedSite): Promise<boolean> {
  const { object, status } = context;
  if ((status.keys ?? []).length > 0) return true;
  const published = await findPublished(context);
  if (published && isReleased(published)) return false;
  return isRegistered(object) || (published !== undefined && parseEntries(published.body).length > 0);
}

/**
 * Whoever holds the key of a cluster that is gone must not issue tokens for the next one. An object that was moved or restored has
 * another UID too, but its key is published, and nobody released it.
 */
async function isPredecessors(context: AcceptedSite, found: SecretParts, name: string): Promise<boolean> {
  const { object, status } = context;
  const madeFor = found.annotations[annotations.generatedForUID];
  if (madeFor === undefined || madeFor === object.metadata.uid) return false;
  const keys = new Set(readGenerated(found, name).pub.keys.map(({ kid }) => kid));
  const isAmong = (kids: readonly string[]) => kids.some((kid) => keys.has(kid));
  if (isAmong((status.keys ?? []).map(({ kid }) => kid))) return false;
  const published = await findPublished(context);
  if (!published || isReleased(published)) return true;
  return !isAmong(parseJwks(published, context.services.clock.now()).map(({ jwk }) => jwk.kid));
}

const findPublished = ({ account, object, site }: AcceptedSite) =>
  account.buckets(object.spec.region).findObject(site.bucket.name, keyOf(site, jwksKey));

const base64 = (text: string) => Buffer.from(text).toString('base64');
