import type { IAMServiceAccount } from '../api/kinds.ts';
import { roleName, rolePath } from '../aws/names.ts';

/** Whether the role is somebody else's, and only our statements in its trust policy are ours. */
export const isTrustOnly = ({ spec }: Pick<IAMServiceAccount, 'spec'>): boolean =>
  spec.role?.management === 'TrustOnly';

/** The parts of a role that never change. */
export function roleIdentity(
  { metadata, spec }: IAMServiceAccount,
  installation: string,
): { name: string; path: string } {
  return {
    name: spec.role?.name ?? roleName(installation, metadata.namespace, metadata.name),
    path: spec.role?.path ?? (isTrustOnly({ spec }) ? '/' : rolePath(installation, metadata.namespace)),
  };
}
