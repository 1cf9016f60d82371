import type * as cloudfront from '@aws-sdk/client-cloudfront';
import { ServiceError, tagRecord } from './service.ts';

export interface FakeFunction {
  readonly name: string;
  readonly arn: string;
  comment: string | undefined;
  /** As it was written last. */
  written: FakeFunctionVersion;
  /** As viewers get it. Undefined: it was never published. */
  live: FakeFunctionVersion | undefined;
  readonly tags: Record<string, string>;
}

/** The stages have ETags of their own. */
interface FakeFunctionVersion {
  code: string;
  etag: string;
}

/** `copy` makes a record of bytes. */
type Bytes = Uint8Array | undefined;
const textOf = (bytes: Bytes) => Buffer.from(Object.values(bytes ?? {})).toString();

/** CloudFront Functions of one account. */
export abstract class FakeFunctions {
  /** By name. */
  readonly functions = new Map<string, FakeFunction>();

  protected abstract readonly numbers: { readonly id: string; nextNumber(): number };
  protected abstract usesFunction(arn: string): boolean;

  CreateFunction({ Name = '', FunctionConfig, FunctionCode, Tags }: cloudfront.CreateFunctionRequest) {
    if (!/^[a-zA-Z0-9-_]{1,64}$/.test(Name)) throw new ServiceError('InvalidArgument', 400, Name);
    if (this.functions.has(Name)) throw new ServiceError('FunctionAlreadyExists', 409, Name);
    const written = this.version(FunctionCode);
    this.functions.set(Name, {
      name: Name,
      arn: `arn:aws:cloudfront::${this.numbers.id}:function/${Name}`,
      comment: FunctionConfig?.Comment,
      written,
      live: undefined,
      tags: tagRecord(Tags?.Items),
    });
    return { ETag: written.etag };
  }

  GetFunction({ Name, Stage = 'DEVELOPMENT' }: cloudfront.GetFunctionRequest) {
    const { written, live } = this.function(Name);
    const version = Stage === 'LIVE' ? live : written;
    if (!version) throw new ServiceError('NoSuchFunctionExists', 404, Name);
    return { FunctionCode: Buffer.from(version.code), ETag: version.etag };
  }

  UpdateFunction({ Name, IfMatch, FunctionConfig, FunctionCode }: cloudfront.UpdateFunctionRequest) {
    const found = this.function(Name);
    checkIfMatch(IfMatch, found.written.etag);
    found.written = this.version(FunctionCode);
    found.comment = FunctionConfig?.Comment;
    return {};
  }

  PublishFunction({ Name, IfMatch }: cloudfront.PublishFunctionRequest) {
    const found = this.function(Name);
    checkIfMatch(IfMatch, found.written.etag);
    found.live = { code: found.written.code, etag: `ETAG${this.numbers.nextNumber()}` };
    return {};
  }

  DeleteFunction({ Name, IfMatch }: cloudfront.DeleteFunctionRequest) {
    const { name, arn, written } = this.function(Name);
    checkIfMatch(IfMatch, written.etag);
    if (this.usesFunction(arn)) throw new ServiceError('FunctionInUse', 409, name);
    this.functions.delete(name);
    return {};
  }

  /** Only what is published can be associated. */
  protected checkFunctions({ FunctionAssociations }: cloudfront.DefaultCacheBehavior): void {
    const live = new Set([...this.functions.values()].filter((each) => each.live).map(({ arn }) => arn));
    const items = FunctionAssociations?.Items ?? [];
    if ((FunctionAssociations?.Quantity ?? 0) !== items.length) throw new ServiceError('InconsistentQuantities', 400);
    for (const { FunctionARN = '' } of items)
      if (!live.has(FunctionARN)) throw new ServiceError('InvalidFunctionAssociation', 400, FunctionARN);
  }

  private version(bytes: Bytes): FakeFunctionVersion {
    const code = textOf(bytes);
    if (code.length === 0) throw new ServiceError('InvalidArgument', 400);
    if (code.length > 10_240) throw new ServiceError('FunctionSizeLimitExceeded', 413);
    return { code, etag: `ETAG${this.numbers.nextNumber()}` };
  }

  private function(name = ''): FakeFunction {
    const found = this.functions.get(name);
    if (!found) throw new ServiceError('NoSuchFunctionExists', 404, name);
    return found;
  }
}

/** Of a change that must name the version that it changes. */
export function checkIfMatch(sent: string | undefined, etag: string): void {
  if (sent === undefined) throw new ServiceError('InvalidIfMatchVersion', 400);
  if (sent !== etag) throw new ServiceError('PreconditionFailed', 412);
}
