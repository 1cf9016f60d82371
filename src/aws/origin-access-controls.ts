import * as cloudfront from '@aws-sdk/client-cloudfront';
import type { CloudFrontCalls } from './calls.ts';
import { foretold, undefinedIfNotFound } from './errors.ts';

export interface OriginAccessControl {
  readonly id: string;
  readonly name: string;
  /** It signs always, with sigv4, for S3, as we create it. A private bucket answers nothing else. */
  readonly signs: boolean;
}

/** CloudFront's origin access controls of one account. With one, a distribution signs its requests to a private bucket. */
export interface OriginAccessControls {
  /** Over all pages. */
  find(name: string): Promise<OriginAccessControl | undefined>;
  /** One write. Throws what `isAlreadyExists` knows. */
  create(name: string): Promise<OriginAccessControl>;
  /** Makes it sign again: GetOriginAccessControl, UpdateOriginAccessControl with If-Match. Its description stays. */
  update(id: string): Promise<void>;
  /** Happy if gone. Throws what `isInUse` knows while a distribution has it. */
  delete(id: string): Promise<void>;
}

const signing = {
  OriginAccessControlOriginType: 's3',
  SigningBehavior: 'always',
  SigningProtocol: 'sigv4',
} as const;

export class CloudFrontOriginAccessControls implements OriginAccessControls {
  constructor(private readonly cloudfront: CloudFrontCalls) {}

  async find(name: string): Promise<OriginAccessControl | undefined> {
    let Marker: string | undefined;
    do {
      const { OriginAccessControlList: page } = await this.cloudfront.send(
        'listing origin access controls',
        new cloudfront.ListOriginAccessControlsCommand({ Marker }),
      );
      const found = page?.Items?.find(({ Name }) => Name === name);
      if (found) return { id: found.Id ?? '', name, signs: signs(found) };
      Marker = page?.NextMarker;
    } while (Marker);
    return undefined;
  }

  async create(name: string): Promise<OriginAccessControl> {
    const { OriginAccessControl: created } = await this.cloudfront.send(
      `creating origin access control ${name}`,
      new cloudfront.CreateOriginAccessControlCommand({ OriginAccessControlConfig: { Name: name, ...signing } }),
      async () => {
        if (await this.find(name)) throw foretold.alreadyExists();
        return undefined;
      },
    );
    return { id: created?.Id ?? '', name, signs: true };
  }

  async update(id: string): Promise<void> {
    const { OriginAccessControl: observed, ETag } = await this.cloudfront.send(
      `reading origin access control ${id}`,
      new cloudfront.GetOriginAccessControlCommand({ Id: id }),
    );
    const config = observed?.OriginAccessControlConfig;
    await this.cloudfront.send(
      `updating origin access control ${id}`,
      new cloudfront.UpdateOriginAccessControlCommand({
        Id: id,
        IfMatch: ETag,
        OriginAccessControlConfig: config && { ...config, ...signing },
      }),
    );
  }

  async delete(id: string): Promise<void> {
    const found = await this.cloudfront
      .send(`reading origin access control ${id}`, new cloudfront.GetOriginAccessControlCommand({ Id: id }))
      .catch(undefinedIfNotFound);
    if (!found) return;
    await this.cloudfront
      .send(
        `deleting origin access control ${id}`,
        new cloudfront.DeleteOriginAccessControlCommand({ Id: id, IfMatch: found.ETag }),
      )
      .catch(undefinedIfNotFound);
  }
}

function signs(observed: cloudfront.OriginAccessControlSummary): boolean {
  return (
    observed.OriginAccessControlOriginType === signing.OriginAccessControlOriginType &&
    observed.SigningBehavior === signing.SigningBehavior &&
    observed.SigningProtocol === signing.SigningProtocol
  );
}
