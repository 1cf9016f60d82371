import type { Reason } from '../../api/conditions.ts';
import { labels } from '../../api/names.ts';
import { secrets as secretResource } from '../../api/resources.ts';
import { generateSigningKey, InvalidKeyError, publicKeys } from '../../oidc/keys.ts';
import { jwksKey } from '../../oidc/discovery.ts';
import { parseEntries } from '../../oidc/jwks.ts';
import { isAlreadyExists, isForbidden } from '../../runtime/kube-error.ts';
import { type Outcome, ready, type Step } from '../../runtime/step.ts';
import { TerminalError } from '../explain.ts';
import { secretsForbidden } from '../secret-permissions.ts';
import { isRegistered } from '../issuer-contract.ts';
import type { AcceptedSite, SiteContext } from './context.ts';
import { keyOf } from './site/site.ts';

/** Entries of a generated Secret, under the names that Giant Swarm's control planes mount. */
const privateEntry = 'key';
const publicEntry = 'pub';

/** Reads the public keys. It makes a pair if the spec says so and there is none. It never changes and never deletes a Secret. */
export const signingKeysStep: Step<AcceptedSite, SiteContext> = {
  condition: 'SigningKeysReady',
  needs: [],
  async reconcile(context) {
    const { signingKeys } = context.desired;
    if (!signingKeys) throw new Error('the spec names no signing keys');
    switch (signingKeys.from) {
      case 'secretRef':
        return read(context, signingKeys.name, signingKeys.key);
      case 'generate':
        return generate(context, signingKeys.secretName);
    }
  },
};

async function read(context: AcceptedSite, name: string, key: string): Promise<Outcome> {
  const { services, object, source } = context;
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
  const { keys, leftOut } = parse(entry.value, what);
  source.keys = keys;
  if (leftOut.length === 0) return ready;
  return { state: 'ready', message: `not published of ${what}, while all other keys are: ${leftOut.join('; ')}` };
}

/** Generates a pair once, and creates the Secret first: if somebody else made it meanwhile, or we did before a crash, that key counts. */
async function generate(context: AcceptedSite, name: string): Promise<Outcome> {
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
      context.source.keys = parse(pair.publicKey, 'the generated key').keys;
      return ready;
    } catch (error) {
      if (isForbidden(error)) {
        return waiting(context, 'SecretForbidden', secretsForbidden(`create Secret ${namespace}/${name}`, namespace));
      }
      if (!isAlreadyExists(error)) throw error;
    }
  }
  return read(context, name, publicEntry);
}

/** The object tells whether keys were published. If it lost its status, or was moved or restored, the bucket tells. */
async function wasPublished({ account, object, site, status }: AcceptedSite): Promise<boolean> {
  if ((status.keys ?? []).length > 0 || isRegistered(object)) return true;
  const published = await account.buckets(object.spec.region).findObject(site.bucket.name, keyOf(site, jwksKey));
  return published !== undefined && parseEntries(published.body).length > 0;
}

const waiting = ({ services }: AcceptedSite, reason: Reason, message: string): Outcome => ({
  state: 'waiting',
  reason,
  message,
  requeueAfter: services.settings.intervals.missing,
});

function parse(pem: string, what: string) {
  try {
    return publicKeys(pem);
  } catch (error) {
    if (error instanceof InvalidKeyError) throw new TerminalError('InvalidKey', `${what}: ${error.message}`);
    throw error;
  }
}

const base64 = (text: string) => Buffer.from(text).toString('base64');
