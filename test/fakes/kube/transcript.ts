import type { KubernetesObject } from '../../../src/api/meta.ts';
import { awsClusters, oidcIssuers } from '../../../src/api/resources.ts';
import type { KubeClient } from '../../../src/runtime/kube-client.ts';
import { KubeError } from '../../../src/runtime/kube-error.ts';
import { managedAnnotations } from './managed-annotations.ts';

interface Stored extends KubernetesObject {
  readonly spec: object;
  readonly status?: object;
}

const spec = {
  region: 'eu-central-1',
  account: { roleARN: 'arn:aws:iam::111122223333:role/operator' },
  hosting: { cloudFront: { alias: 'irsa.example.com' } },
  signingKeys: { secretRef: { name: 'sa', key: 'tls.crt' } },
};
const ready = {
  type: 'Ready',
  status: 'True',
  reason: 'Done',
  message: '',
  lastTransitionTime: '2030-01-01T00:00:00Z',
};
const finalizer = 'irsa.giantswarm.io/finalizer';

/**
 * The life of one object, told call by call with what each left behind. An API server and its fake must tell the same.
 * The namespace must exist and have no OIDCIssuer.
 */
export async function transcript(client: KubeClient, namespace: string): Promise<object[]> {
  const ref = { namespace, name: 'abcl0' };
  const apply = (object: object, labels?: Record<string, string>, force = true) =>
    client.apply(oidcIssuers, { metadata: { ...ref, ...(labels && { labels }) }, spec: object }, { force });
  const patch = (body: Record<string, unknown>) => client.patch(oidcIssuers, ref, body);
  const patchStatus = (status: object) => client.patch(oidcIssuers, ref, { status }, { subresource: 'status' });
  const version = async () => (await client.find(oidcIssuers, ref))?.metadata.resourceVersion;

  const calls: [string, () => Promise<unknown>][] = [
    ['find what is not there', () => client.find(oidcIssuers, ref)],
    ['apply what is not there', () => apply({ ...spec, tags: { x: '1', y: '2' } }, { a: 'b' })],
    ['apply the same', () => apply({ ...spec, tags: { x: '1', y: '2' } }, { a: 'b' })],
    ['apply less', () => apply({ ...spec, tags: { x: '1' } })],
    ['patch what nobody applied', () => patch({ spec: { tags: { z: '3' }, deletionPolicy: 'Retain' } })],
    ['apply beside it', () => apply({ ...spec, tags: { x: '1' } })],
    ['patch what was applied', () => patch({ spec: { tags: { x: 'theirs' } } })],
    ['apply it without force', () => apply({ ...spec, tags: { x: '1' } }, undefined, false)],
    ['apply without what is theirs now', () => apply(spec)],
    ['patch the status', () => patchStatus({ observedGeneration: 2, accountID: '111122223333', conditions: [ready] })],
    ['patch the status past its subresource', () => patch({ status: { accountID: '444455556666' } })],
    [
      'patch the spec past the object',
      () => client.patch(oidcIssuers, ref, { spec: { tags: {} } }, { subresource: 'status' }),
    ],
    ['take a field out of the status', () => patchStatus({ accountID: null })],
    ['patch an older version', () => patch({ metadata: { resourceVersion: '1', labels: { c: 'd' } } })],
    ['patch another one of that name', () => patch({ metadata: { uid: 'another', labels: { c: 'd' } } })],
    [
      'patch the status of another one of that name',
      () =>
        client.patch(
          oidcIssuers,
          ref,
          { metadata: { uid: 'another' }, status: { issuerURL: 'https://irsa.example.com' } },
          { subresource: 'status' },
        ),
    ],
    [
      'patch the status of an older version',
      () =>
        client.patch(
          oidcIssuers,
          ref,
          { metadata: { resourceVersion: '1' }, status: { issuerURL: 'https://other.example.com' } },
          { subresource: 'status' },
        ),
    ],
    ['find of a kind that is not installed', () => none(client.find(awsClusters, ref))],
    ['list a kind that is not installed', () => none(client.list(awsClusters, { namespace }))],
    ['add a finalizer', async () => patch({ metadata: { resourceVersion: await version(), finalizers: [finalizer] } })],
    ['create it again', () => client.create(oidcIssuers, { metadata: ref, spec })],
    ['annotate', () => patch({ metadata: { annotations: { a: '1', b: '2' } } })],
    ['take an annotation away', () => patch({ metadata: { annotations: { a: null } } })],
    ['delete another one of that name', () => client.delete(oidcIssuers, ref, { uid: 'another' })],
    ['delete', () => client.delete(oidcIssuers, ref)],
    ['delete again', () => client.delete(oidcIssuers, ref)],
    ['add a finalizer too late', () => patch({ metadata: { finalizers: [finalizer, 'example.com/late'] } })],
    ['take the last finalizer away', () => patch({ metadata: { finalizers: [] } })],
    ['patch what is gone', () => patch({ spec: { suspend: true } })],
    ['patch the status of what is gone', () => patchStatus({ accountID: '111122223333' })],
    ['delete what is gone', () => client.delete(oidcIssuers, ref)],
  ];
  const told: object[] = [];
  for (const [name, call] of calls) {
    const failure = await call().then(
      () => undefined,
      (error: unknown) => (error instanceof KubeError ? `${error.status} ${error.reason}` : String(error)),
    );
    told.push({ call: name, failure, left: essence(await client.find<Stored>(oidcIssuers, ref)) });
  }
  return told;
}

/** Fails where something is there. */
async function none(answer: Promise<unknown>): Promise<void> {
  const found = await answer;
  if (found !== undefined && !(Array.isArray(found) && found.length === 0)) throw new Error('it is there');
}

/** Without what differs from run to run. */
const essence = (object: Stored | undefined) =>
  object && {
    spec: object.spec,
    status: object.status,
    generation: object.metadata.generation,
    labels: object.metadata.labels,
    annotations: object.metadata.annotations,
    managedAnnotations: managedAnnotations(object.metadata.managedFields).sort(),
    finalizers: object.metadata.finalizers,
    deleting: object.metadata.deletionTimestamp !== undefined,
  };
