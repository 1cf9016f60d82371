import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { counts } from '../environment/holdings.ts';
import { installation } from '../environment/environment.ts';
import { Lab } from '../environment/lab.ts';

jest.setTimeout(120_000);

/** Each call that makes something which AWS would make twice, or charge for twice, or refuse to make again. */
const creates = [
  'CreateBucket',
  'RequestCertificate',
  'CreateOriginAccessControl',
  'CreateDistributionWithTags',
  'CreateOpenIDConnectProvider',
  'CreateRole',
  'ChangeResourceRecordSets',
];
const tenantOf = (operation: string) => operation.toLowerCase();

let lab: Lab;
beforeAll(async () => {
  lab = await Lab.start();
});
afterAll(() => lab?.stop());

test.each(creates)(
  'the operator that is killed when %s took effect and was not answered makes one of each after its restart',
  async (operation) => {
    const tenant = await lab.tenant(tenantOf(operation));
    await lab.startOperator();
    const killed = lab.killAt(operation);
    await tenant.applyIssuer();
    await tenant.applyRole();
    await killed;

    await lab.startOperator();
    await tenant.ready('oidcissuer');
    await tenant.ready('iamserviceaccount');

    const held = await tenant.holdings();
    expect(counts(held)).toEqual({
      bucket: 1,
      object: 2,
      certificate: 1,
      originAccessControl: 1,
      distribution: 1,
      record: 3,
      provider: 1,
      role: 1,
    });
    const { name } = tenant;
    const home = await lab.home();
    for (const { kind, tags } of held) {
      if (!tags) continue;
      const owner = `${kind === 'role' ? 'IAMServiceAccount' : 'OIDCIssuer'}/${name}/${name}`;
      expect({ kind, tags }).toEqual({
        kind,
        tags: {
          'irsa.giantswarm.io/installation': installation,
          'irsa.giantswarm.io/cluster': name,
          'irsa.giantswarm.io/owner': owner,
          'irsa.giantswarm.io/home': home,
          ...(kind === 'certificate' && { 'irsa.giantswarm.io/validation-record': expect.stringMatching(/^_/) }),
        },
      });
    }
  },
);
