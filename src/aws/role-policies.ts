import * as iam from '@aws-sdk/client-iam';
import type { IamCalls } from './calls.ts';
import { foretold, isInvalid, isLimitExceeded, isNotFound, undefinedIfNotFound } from './errors.ts';

export interface InlinePolicy {
  readonly name: string;
  /** JSON text, sent exactly as the user wrote it. */
  readonly document: string;
}

export interface RolePolicies {
  /** ARNs. */
  readonly managed: readonly string[];
  readonly inline: readonly InlinePolicy[];
}

/** The ARNs of managed policies and the names of inline ones. */
export interface PolicyNames {
  readonly managed: readonly string[];
  readonly inline: readonly string[];
}

export interface PolicyChanges {
  readonly attach: readonly string[];
  readonly detach: readonly string[];
  readonly put: readonly InlinePolicy[];
  readonly delete: readonly string[];
}

/** The permissions of roles, apart from the roles themselves. */
export class IamRolePolicies {
  constructor(private readonly iam: IamCalls) {}

  async get(name: string): Promise<RolePolicies> {
    const { managed, inline: names } = await this.list(name);
    const inline: InlinePolicy[] = [];
    for (const policy of names) {
      const { PolicyDocument } = await this.iam.send(
        `reading inline policy ${policy} of role ${name}`,
        new iam.GetRolePolicyCommand({ RoleName: name, PolicyName: policy }),
      );
      inline.push({ name: policy, document: decodeURIComponent(PolicyDocument ?? '') });
    }
    return { managed, inline };
  }

  async list(name: string): Promise<PolicyNames> {
    return { managed: await this.attached(name), inline: await this.inlineNames(name) };
  }

  /**
   * Adds before it removes, unless the quota has no room for both. A permanent rejection does not stop removals. A transient one
   * does, so that a pod is never left with neither policy.
   */
  async change(name: string, changes: PolicyChanges): Promise<void> {
    const failed = await attempt(this.additions(name, changes));
    const passing = failed.find(({ error }) => !isNotFound(error) && !isInvalid(error) && !isLimitExceeded(error));
    if (passing) throw passing.error;
    await this.remove(name, { managed: changes.detach, inline: changes.delete });
    const roomMade = changes.detach.length + changes.delete.length > 0;
    const again = roomMade ? failed.filter(({ error }) => isLimitExceeded(error)) : [];
    const [first] = [
      ...failed.filter((failure) => !again.includes(failure)),
      ...(await attempt(again.map(({ work }) => work))),
    ];
    if (first) throw first.error;
  }

  private additions(name: string, { attach, put }: PolicyChanges): readonly Work[] {
    return [
      ...attach.map(
        (PolicyArn) => () =>
          this.iam.send(
            `attaching policy ${PolicyArn} to role ${name}`,
            new iam.AttachRolePolicyCommand({ RoleName: name, PolicyArn }),
          ),
      ),
      ...put.map(
        ({ name: PolicyName, document: PolicyDocument }) =>
          () =>
            this.iam.send(
              `writing inline policy ${PolicyName} of role ${name}`,
              new iam.PutRolePolicyCommand({ RoleName: name, PolicyName, PolicyDocument }),
            ),
      ),
    ];
  }

  /** Happy if a policy is not there. */
  async remove(name: string, { managed, inline }: PolicyNames): Promise<void> {
    const RoleName = name;
    for (const PolicyArn of managed) {
      await this.iam
        .send(
          `detaching policy ${PolicyArn} from role ${name}`,
          new iam.DetachRolePolicyCommand({ RoleName, PolicyArn }),
          async () => mustBeIn(await this.attached(name), PolicyArn),
        )
        .catch(undefinedIfNotFound);
    }
    for (const PolicyName of inline) {
      await this.iam
        .send(
          `deleting inline policy ${PolicyName} of role ${name}`,
          new iam.DeleteRolePolicyCommand({ RoleName, PolicyName }),
          async () => mustBeIn(await this.inlineNames(name), PolicyName),
        )
        .catch(undefinedIfNotFound);
    }
  }

  private async attached(name: string): Promise<string[]> {
    const arns: string[] = [];
    let Marker: string | undefined;
    do {
      const page = await this.iam.send(
        `listing the managed policies of role ${name}`,
        new iam.ListAttachedRolePoliciesCommand({ RoleName: name, Marker }),
      );
      arns.push(...(page.AttachedPolicies ?? []).flatMap(({ PolicyArn }) => PolicyArn ?? []));
      Marker = page.IsTruncated ? page.Marker : undefined;
    } while (Marker);
    return arns;
  }

  private async inlineNames(name: string): Promise<string[]> {
    const names: string[] = [];
    let Marker: string | undefined;
    do {
      const page = await this.iam.send(
        `listing the inline policies of role ${name}`,
        new iam.ListRolePoliciesCommand({ RoleName: name, Marker }),
      );
      names.push(...(page.PolicyNames ?? []));
      Marker = page.IsTruncated ? page.Marker : undefined;
    } while (Marker);
    return names;
  }
}

function mustBeIn(there: readonly string[], policy: string): undefined {
  if (!there.includes(policy)) throw foretold.notFound();
}

type Work = () => Promise<unknown>;

/** Runs one after the other, also after one that failed. */
async function attempt(works: readonly Work[]): Promise<{ readonly work: Work; readonly error: unknown }[]> {
  const failed = [];
  for (const work of works) {
    try {
      await work();
    } catch (error) {
      failed.push({ work, error });
    }
  }
  return failed;
}
