import type { FakeProvider, FakeRole } from '../../fakes/aws/iam.ts';
import { only, type Story } from './story.ts';

export const second = '222233334444';
export const third = '333344445555';
export const roleIn = (id: string, name = 'irsa') => `arn:aws:iam::${id}:role/${name}`;
export const accountsOf = (...ids: readonly string[]) => ids.map((id) => ({ roleARN: roleIn(id) }));

/** The URLs that are registered in that account. */
export const registeredIn = (story: Story, id: string): string[] =>
  [...story.aws.account(id).providers.values()].map(({ url }) => url);

export const providerIn = (story: Story, id: string): FakeProvider =>
  only([...story.aws.account(id).providers.values()]);

/** From now on the role of that account does not let the operator in. The sessions that it has are over. */
export function shut(story: Story, id: string): void {
  story.aws.pinned.set(roleIn(id), 'somebody-else');
  story.restart();
}

export function letIn(story: Story, id: string): void {
  story.aws.pinned.delete(roleIn(id));
}

/** A role that somebody made by hand, and that trusts the provider of that host in its account. */
export function trusting(story: Story, id: string, host: string): FakeRole {
  const Federated = `arn:aws:iam::${id}:oidc-provider/${host}`;
  const role: FakeRole = {
    id: 'AROAFAKE',
    name: 'by-hand',
    arn: `arn:aws:iam::${id}:role/by-hand`,
    path: '/',
    createdAt: new Date(0),
    trustPolicy: JSON.stringify({ Statement: [{ Effect: 'Allow', Principal: { Federated } }] }),
    description: undefined,
    maxSessionDuration: 3600,
    permissionsBoundary: undefined,
    tags: {},
    managed: new Set(),
    inline: new Map(),
    instanceProfiles: new Set(),
  };
  story.aws.account(id).roles.set(role.name, role);
  return role;
}
