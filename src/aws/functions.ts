import * as cloudfront from '@aws-sdk/client-cloudfront';
import type { CloudFrontCalls } from './calls.ts';
import { foretold, undefinedIfNotFound } from './errors.ts';
import type { Partition } from './partitions.ts';
import { toTagList, type Tags } from './tags.ts';

export interface EdgeFunctionSpec {
  readonly name: string;
  /** JavaScript. */
  readonly code: string;
  /** At most 128 characters. */
  readonly comment: string;
  /** Set when the function is made, and never read: they must never change. */
  readonly tags: Tags;
}

/** CloudFront Functions of one account. Their stages and ETags stay inside. */
export interface EdgeFunctions {
  arn(name: string): string;
  /** CreateFunction and PublishFunction. Throws what `isAlreadyExists` knows. */
  create(spec: EdgeFunctionSpec): Promise<void>;
  /** The code as it was written last, which viewers may not get yet. One read. */
  findCode(name: string): Promise<string | undefined>;
  /**
   * Makes viewers get the code. `right`: they do, which one read tells. `repaired`: it was written with If-Match, if it differed, and
   * published.
   */
  repair(spec: EdgeFunctionSpec): Promise<'right' | 'repaired' | 'absent'>;
  /** Happy if gone. Throws what `isInUse` knows while a distribution has it. */
  delete(name: string): Promise<void>;
}

/** What was written last, and what viewers get. Only the former has the ETag that changes need. */
type Stage = 'DEVELOPMENT' | 'LIVE';

export class CloudFrontFunctions implements EdgeFunctions {
  constructor(
    private readonly cloudfront: CloudFrontCalls,
    private readonly account: { readonly id: string; readonly partition: Partition },
  ) {}

  arn(name: string): string {
    const { id, partition } = this.account;
    return `arn:${partition.name}:cloudfront::${id}:function/${name}`;
  }

  async create(spec: EdgeFunctionSpec): Promise<void> {
    const { name, tags } = spec;
    const { ETag } = await this.cloudfront.send(
      `creating CloudFront function ${name}`,
      new cloudfront.CreateFunctionCommand({ Name: name, ...contentOf(spec), Tags: { Items: toTagList(tags) } }),
      async () => {
        if (await this.get(name, 'DEVELOPMENT')) throw foretold.alreadyExists();
        return undefined;
      },
    );
    await this.publish(name, ETag);
  }

  async findCode(name: string): Promise<string | undefined> {
    return (await this.get(name, 'DEVELOPMENT'))?.code;
  }

  async repair(spec: EdgeFunctionSpec): Promise<'right' | 'repaired' | 'absent'> {
    const { name, code } = spec;
    const live = await this.get(name, 'LIVE');
    if (live?.code === code) return 'right';
    const written = await this.get(name, 'DEVELOPMENT');
    if (!written) return 'absent';
    if (written.code !== code) await this.update(spec, written.ETag);
    // The answer to an update calls its ETag `ETtag`. https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_UpdateFunction.html
    const version = written.code === code ? written : await this.get(name, 'DEVELOPMENT');
    await this.publish(name, version?.ETag);
    return 'repaired';
  }

  async delete(name: string): Promise<void> {
    const found = await this.get(name, 'DEVELOPMENT');
    if (!found) return;
    await this.cloudfront
      .send(
        `deleting CloudFront function ${name}`,
        new cloudfront.DeleteFunctionCommand({ Name: name, IfMatch: found.ETag }),
      )
      .catch(undefinedIfNotFound);
  }

  private async update(spec: EdgeFunctionSpec, IfMatch: string | undefined): Promise<void> {
    const { name } = spec;
    await this.cloudfront.send(
      `updating CloudFront function ${name}`,
      new cloudfront.UpdateFunctionCommand({ Name: name, IfMatch, ...contentOf(spec) }),
    );
  }

  private async publish(name: string, IfMatch: string | undefined): Promise<void> {
    await this.cloudfront.send(
      `publishing CloudFront function ${name}`,
      new cloudfront.PublishFunctionCommand({ Name: name, IfMatch }),
    );
  }

  /** A function that was never published is not found as LIVE. */
  private async get(name: string, Stage: Stage) {
    const found = await this.cloudfront
      .send(`reading CloudFront function ${name}`, new cloudfront.GetFunctionCommand({ Name: name, Stage }))
      .catch(undefinedIfNotFound);
    return found && { code: new TextDecoder().decode(found.FunctionCode), ETag: found.ETag };
  }
}

const contentOf = ({ code, comment }: EdgeFunctionSpec) => ({
  FunctionConfig: { Comment: comment, Runtime: 'cloudfront-js-2.0' as const },
  FunctionCode: new TextEncoder().encode(code),
});
