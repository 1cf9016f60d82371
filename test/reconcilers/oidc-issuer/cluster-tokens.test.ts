import { describe, expect, test } from '@jest/globals';
import { publicKeys } from '../../../src/oidc/keys.ts';
import { hours } from '../../../src/runtime/duration.ts';
import { KubeError } from '../../../src/runtime/kube-error.ts';
import { issuerURL, newPublicKey, Story } from './story.ts';
import { Migration, renamedURL } from './migrating.ts';

const reached = { cluster: { kubeconfigSecretRef: { name: 'abcl0-kubeconfig', key: 'value' } } };
const formerIssuer = 'https://kubernetes.default.svc.cluster.local';
const forbidden = () => Promise.reject(new KubeError('reading', 403, 'Forbidden'));

class Reached extends Story {
  asked: string[] = [];

  constructor(spec: ConstructorParameters<typeof Story>[0] = {}) {
    super({ ...reached, ...spec });
    count(this, this.asked);
  }

  /** The cluster's tokens carry the issuer's URL, and are verified by these keys. */
  uses(...pems: readonly string[]): void {
    this.workload.issuerURL = issuerURL;
    this.workload.keys = { keys: pems.flatMap((pem) => publicKeys(pem).keys) };
  }

  eventsOf(reason: string): number {
    return this.saidReasons.filter((said) => said === reason).length;
  }

  /** No event for a while. */
  async goesOn(): Promise<void> {
    for (let pass = 0; pass < 3; pass++) {
      await this.clock.advance(hours(1));
      await this.reconcile();
    }
  }
}

/** Counts what the workload cluster is asked. */
function count(story: Story, asked: string[]): void {
  story.seedSecret('abcl0-kubeconfig', { value: story.kubeconfig });
  const { workload } = story;
  const [issuer, keySet] = [workload.issuer.bind(workload), workload.keySet.bind(workload)];
  Object.assign(workload, {
    issuer: async () => (asked.push('issuer'), await issuer()),
    keySet: async () => (asked.push('keySet'), await keySet()),
  });
}

const kidOf = (pem: string) => publicKeys(pem).keys[0]!.kid;

describe('the issuer of the cluster’s tokens', () => {
  test('is said where it is not ours yet, with the flag to set, once, and the issuer is ready', async () => {
    const story = new Reached();
    story.workload.issuerURL = formerIssuer;
    await story.untilReady();
    await story.goesOn();
    const { status, reason, message } = story.condition('Verified') ?? {};
    expect({ status, reason }).toEqual({ status: 'True', reason: 'Provisioned' });
    expect(message).toMatch(`carry ${formerIssuer}, which is not published here`);
    expect(message).toMatch(`--service-account-issuer=${issuerURL} first`);
    expect(message).toContain('docs/platforms');
    expect(story.eventsOf('ClusterIssuerDiffers')).toBe(1);
  });

  test('is news again if the cluster turns away later', async () => {
    const story = new Reached();
    story.uses(story.pem);
    await story.untilReady();
    expect(story.condition('Verified')).toMatchObject({ status: 'True', message: '' });
    expect(story.eventsOf('ClusterIssuerDiffers')).toBe(0);
    story.workload.issuerURL = formerIssuer;
    await story.goesOn();
    expect(story.condition('Verified')).toMatchObject({
      status: 'True',
      message: expect.stringContaining(formerIssuer),
    });
    expect(story.eventsOf('ClusterIssuerDiffers')).toBe(1);
  });

  test('is cut if it is long, because it is a stranger’s text', async () => {
    const story = new Reached();
    story.workload.issuerURL = `https://${'x'.repeat(10_000)}`;
    await story.untilReady();
    expect(story.condition('Verified')?.message.length).toBeLessThan(600);
  });

  test('may be a distribution’s name only while that is registered', async () => {
    const story = new Reached();
    story.uses(story.pem);
    await story.untilReady();
    story.workload.issuerURL = `https://${story.distribution.domainName}`;
    await story.reconcile();
    expect(story.condition('Verified')?.message).toContain(story.workload.issuerURL);
    story.edit({ hosting: { cloudFront: { distributionProvider: 'Keep' } } });
    await story.untilReady();
    expect(story.condition('Verified')?.message).toBe('');
  });

  test('may be a former site’s, and is asked for once a pass', async () => {
    const story = await Migration.at(reached);
    const asked: string[] = [];
    count(story, asked);
    story.workload.issuerURL = issuerURL;
    story.workload.keys = { keys: publicKeys(story.pem).keys };
    story.askFor('irsa.renamed.example.com');
    await story.settle();
    expect(story.phases.map((phase) => phase.split(' ')[1])).toEqual(['Current', 'Serving']);
    expect(story.condition('Verified')).toMatchObject({ status: 'True', message: '' });
    asked.length = 0;
    await story.reconcile();
    expect(asked).toEqual(['issuer', 'keySet']);
    story.workload.issuerURL = renamedURL;
    await story.settle();
    expect(story.condition('Verified')).toMatchObject({ status: 'True', message: '' });
    story.workload.keys = { keys: publicKeys(newPublicKey()).keys };
    story.workload.issuerURL = issuerURL;
    await story.reconcile();
    expect(story.condition('Verified')).toMatchObject({
      reason: 'KeyNotPublished',
      message: expect.stringContaining(issuerURL),
    });
  });

  test.each([
    ['without a way to the cluster', (story: Reached) => story.edit({ cluster: null })],
    ['where the cluster does not answer', ({ workload }: Reached) => Object.assign(workload, { issuer: forbidden })],
    ['where it names none', ({ workload }: Reached) => Object.assign(workload, { issuerURL: undefined })],
  ])('is not missed %s', async (_, change) => {
    const story = new Reached();
    story.uses(newPublicKey());
    change(story);
    await story.untilReady();
    expect(story.condition('Verified')).toMatchObject({ status: 'True', message: '' });
    expect(story.said.filter(({ type }) => type === 'Warning')).toEqual([]);
  });

  test('is compared too where the operator does not look at what is served', async () => {
    const story = new Reached();
    Object.assign(story.settings, { issuerCheck: { mode: 'Skip' } });
    story.workload.issuerURL = formerIssuer;
    await story.untilReady();
    expect(story.condition('Verified')?.message).toMatch(/^not looked at: .*; the cluster's new tokens carry/);
  });
});

describe('the keys of the cluster’s tokens', () => {
  test('are looked at in each pass, and nothing is said or written while all are published', async () => {
    const story = new Reached();
    story.uses(story.pem);
    await story.untilReady();
    story.forget();
    story.asked.length = 0;
    await story.reconcile();
    expect(story.asked).toEqual(['issuer', 'keySet']);
    expect([...story.aws.writes, ...story.kube.writes, ...story.workload.writes]).toEqual([]);
    expect(story.condition('Verified')).toMatchObject({ status: 'True', message: '' });
  });

  test('are an outage if none is published: the message names key and remedy, and the provider stays', async () => {
    const story = new Reached();
    await story.untilReady();
    const other = newPublicKey();
    story.uses(other);
    await story.goesOn();
    expect(story.condition('Verified')).toMatchObject({ status: 'False', reason: 'KeyNotPublished' });
    expect(story.condition('Verified')?.message).toContain(kidOf(other));
    expect(story.condition('Verified')?.message).toContain('add it to entry tls.crt of Secret abcl0-sa');
    expect(story.condition('Stalled')).toMatchObject({ status: 'True', reason: 'KeyNotPublished' });
    expect(story.account.providers.size).toBe(1);
    story.seedSecret('abcl0-sa', { 'tls.crt': `${story.pem}${other}` });
    await story.untilReady();
    expect(story.condition('Verified')).toMatchObject({ status: 'True', message: '' });
  });

  test('are compared whole: our key id over another modulus is another key', async () => {
    const story = new Reached();
    const [key] = publicKeys(story.pem).keys;
    story.workload.issuerURL = issuerURL;
    story.workload.keys = { keys: [{ ...key, n: 'another' }] };
    await story.until(() => story.condition('Verified')?.reason === 'KeyNotPublished');
  });

  test('may hold a former key beside a published one, which is said once', async () => {
    const story = new Reached();
    const former = newPublicKey();
    story.uses(story.pem, former);
    await story.untilReady();
    await story.goesOn();
    const message = story.condition('Verified')?.message ?? '';
    expect(story.condition('Verified')?.status).toBe('True');
    expect(message).toContain(`also knows key ${kidOf(former)}, which is not published`);
    expect(message).not.toContain(story.kid);
    expect(story.eventsOf('KeyNotPublished')).toBe(1);
  });

  test('name the Secret with the key that the API servers have to sign with, if the operator made it', async () => {
    const story = new Reached({ signingKeys: { generate: { secretName: 'abcl0-keys' } } });
    story.uses(newPublicKey());
    await story.until(() => story.condition('Verified')?.reason === 'KeyNotPublished');
    expect(story.condition('Verified')?.message).toContain('have to sign with the key in Secret abcl0-keys');
  });

  test('are not looked at while the cluster’s issuer is not ours', async () => {
    const story = new Reached();
    story.uses(newPublicKey());
    story.workload.issuerURL = formerIssuer;
    await story.untilReady();
    expect(story.asked).not.toContain('keySet');
  });

  test.each<[string, unknown]>([
    ['is refused', forbidden],
    ['is empty', async () => ({ keys: [] })],
    ['is no key set', async () => 'no key set'],
  ])('say nothing where the key set %s', async (_, keySet) => {
    const story = new Reached();
    story.workload.issuerURL = issuerURL;
    Object.assign(story.workload, { keySet });
    await story.untilReady();
    expect(story.condition('Verified')).toMatchObject({ status: 'True', message: '' });
  });
});
