import { describe, expect, test } from '@jest/globals';
import type { IAMServiceAccount, OIDCIssuer } from '../../../src/api/kinds.ts';
import { finalizer } from '../../../src/api/names.ts';
import { dependentsOf } from '../../../src/controllers/dependents.ts';
import { issuerIndex } from '../../../src/controllers/references.ts';
import { assess } from '../../../src/controllers/iam-service-account/issuers.ts';

const account = '111122223333';
const site = (url: string) => ({
  url,
  hosting: 'CloudFront' as const,
  phase: 'Current' as const,
  since: '2030-01-01T00:00:00Z',
  bucket: { name: 'bucket', owned: true },
});
const entry = (name: string) => ({ url: `https://${name}.example.com`, providerARN: `arn:${name}` });

interface Changes {
  readonly spec?: Partial<OIDCIssuer['spec']>;
  readonly status?: OIDCIssuer['status'];
  readonly deleting?: boolean;
}

const waits = {
  type: 'ProvidersReady',
  status: 'False',
  reason: 'DependentsRemaining',
  message: '',
  lastTransitionTime: '2030-01-01T00:00:00Z',
} as const;

function issuer(name: string, { spec, status, deleting = false }: Changes = {}): OIDCIssuer {
  const { url, providerARN } = entry(name);
  return {
    apiVersion: 'irsa.giantswarm.io/v1alpha1',
    kind: 'OIDCIssuer',
    metadata: {
      name,
      namespace: 'default',
      uid: name,
      resourceVersion: '1',
      ...(deleting && { deletionTimestamp: '2030-01-01T00:00:00Z' }),
      annotations: { 'irsa.giantswarm.io/allow-deletion': '' },
    },
    spec: { region: 'eu-central-1', hosting: {}, deletionPolicy: 'Delete', suspend: false, ...spec },
    status: status ?? {
      issuerURL: url,
      accountID: account,
      sites: [site(url)],
      providers: [{ url, arn: providerARN, accountID: account, audiences: ['sts.amazonaws.com'], owned: true }],
      ...(deleting && { conditions: [waits] }),
    },
  };
}

describe('the statements of a role', () => {
  /** Of a role that refers to some of the issuers, or to some that are not there. */
  function of(issuers: OIDCIssuer[], recorded = [entry('a')], refs = ['a']) {
    const references = refs.map((name) => ({
      ref: { namespace: 'default', name },
      issuer: issuers.find(({ metadata }) => metadata.name === name),
    }));
    const others = issuers.filter(({ metadata }) => !refs.includes(metadata.name));
    const situation = assess({
      references,
      others: others.map((other) => issuerIndex().select(other)),
      recorded,
      accountID: account,
    });
    const { trusted, referred } = situation;
    return { trusted, states: referred.map(({ state }) => state), audiences: referred.map((each) => each.audiences) };
  }

  test('are of the issuer that is ready', () => {
    expect(of([issuer('a')], [])).toMatchObject({ states: ['ready'], trusted: [entry('a')] });
  });

  test('follow a reference to another issuer once that is ready', () => {
    expect(of([issuer('a'), issuer('b')], [entry('b')])).toMatchObject({ states: ['ready'], trusted: [entry('a')] });
  });

  test('are of no issuer that is registered elsewhere only', () => {
    const { url, providerARN } = entry('a');
    const elsewhere = [{ url, arn: providerARN, accountID: '444455556666', audiences: ['a'], owned: true }];
    const status = { issuerURL: url, accountID: account, sites: [site(url)], providers: elsewhere };
    expect(of([issuer('a', { status })], [])).toMatchObject({ states: ['notReady'], trusted: [] });
  });

  test('are of no issuer that does not say which audiences its provider takes', () => {
    const { url, providerARN } = entry('a');
    const providers = [{ url, arn: providerARN, accountID: account, owned: true }];
    const status = { issuerURL: url, accountID: account, sites: [site(url)], providers };
    expect(of([issuer('a', { status })], [])).toMatchObject({ states: ['notReady'], trusted: [], audiences: [[]] });
  });

  test('stay while the issuer has no provider for a moment', () => {
    expect(of([issuer('a', { status: {} })])).toMatchObject({ states: ['notReady'], trusted: [entry('a')] });
  });

  test('stay when the issuer cannot be seen: it may live on elsewhere', () => {
    expect(of([])).toMatchObject({ states: ['notFound'], trusted: [entry('a')] });
  });

  test('stay when the role refers to another issuer that does not exist: that may be a typo', () => {
    expect(of([issuer('b')], [entry('b')])).toMatchObject({ states: ['notFound'], trusted: [entry('b')] });
  });

  test('stay when the role refers to another issuer that is not ready yet', () => {
    expect(of([issuer('a', { status: {} }), issuer('b')], [entry('b')])).toMatchObject({
      states: ['notReady'],
      trusted: [entry('b')],
    });
  });

  test('go when the former issuer leaves for good, whatever the role refers to', () => {
    expect(of([issuer('b', { deleting: true })], [entry('b')])).toMatchObject({ states: ['notFound'], trusted: [] });
  });

  test('go when the issuer is being deleted, which was allowed and warned of', () => {
    expect(of([issuer('a', { deleting: true })])).toMatchObject({ states: ['leaving'], trusted: [] });
  });

  test.each([
    ['with Retain', { deletionPolicy: 'Retain' }],
    ['while it is suspended', { suspend: true }],
  ] as const)('stay when the issuer is being deleted %s', (_, spec) => {
    expect(of([issuer('a', { deleting: true, spec })])).toMatchObject({ states: ['ready'], trusted: [entry('a')] });
  });
});

describe('an issuer that goes is held by', () => {
  function dependent(changes: {
    namespace?: string;
    trusts?: string;
    deleting?: boolean;
    policy?: 'Delete' | 'Retain';
    lost?: boolean;
    finalizers?: readonly string[];
  }) {
    const { namespace = 'default', trusts = 'a', deleting = false, policy = 'Delete', lost = false } = changes;
    return {
      apiVersion: 'irsa.giantswarm.io/v1alpha1',
      kind: 'IAMServiceAccount',
      metadata: {
        name: 'reader',
        namespace,
        uid: '1',
        resourceVersion: '1',
        finalizers: changes.finalizers ?? [finalizer],
        ...(deleting && { deletionTimestamp: '2030-01-01T00:00:00Z' }),
      },
      spec: {
        issuerRefs: [{ namespace: '', name: 'a' }],
        subjects: [],
        serviceAccountPolicy: 'Annotate',
        deletionPolicy: policy,
        suspend: false,
      },
      status: lost ? { observedGeneration: -1 } : { issuers: [entry(trusts)] },
    } satisfies IAMServiceAccount;
  }

  test.each([
    ['a role that trusts it', {}, true],
    ['a role with Retain, which has to drop its statement too', { policy: 'Retain' }, true],
    ['a role that is being deleted', { deleting: true }, true],
    ['no role that is being deleted with Retain', { deleting: true, policy: 'Retain' }, false],
    ['no role that trusts another', { trusts: 'b' }, false],
    ['a role of another namespace that trusts it', { namespace: 'other' }, true],
    ['no role that refers to one of that name in its own namespace', { namespace: 'other', lost: true }, false],
    ['a role that refers to it, has our finalizer and lost its status', { lost: true }, true],
    ['no role that refers to it and was never looked at', { lost: true, finalizers: [] }, false],
  ] as const)('%s', (_, changes, holds) => {
    const account = dependent(changes);
    expect(dependentsOf(issuer('a'), [account])).toEqual(holds ? [account] : []);
  });
});
