import type { Step } from '../../../runtime/step.ts';
import type { AcceptedSite, SiteContext } from '../context.ts';
import { generate } from './generate.ts';
import { mirror } from './mirror.ts';
import { readSecret } from './secret.ts';

/** Reads the public keys from where the spec says that they are. */
export const signingKeysStep: Step<AcceptedSite, SiteContext> = {
  condition: 'SigningKeysReady',
  needs: [],
  rests: true,
  isUsed: true,
  async reconcile(context) {
    const { signingKeys } = context.desired;
    if (!signingKeys) throw new Error('the spec names no signing keys');
    if (signingKeys.from !== 'generate') delete context.status.rotation;
    switch (signingKeys.from) {
      case 'secretRef':
        return readSecret(context, signingKeys.name, signingKeys.key);
      case 'generate':
        return generate(context, signingKeys);
      case 'apiServer':
        return mirror(context);
    }
  },
};
