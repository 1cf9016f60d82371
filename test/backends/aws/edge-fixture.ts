import { CreateOpenIDConnectProviderCommand } from '@aws-sdk/client-iam';
import { CreateBucketCommand, PutBucketPolicyCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK, type JWTPayload } from 'jose';
import type { MotoOptions } from '../moto.ts';
import { Clients } from './clients.ts';
import type { AwsFront } from './front.ts';
import {
  aliased,
  changeRecords,
  issueCertificate,
  makeDistribution,
  makeOriginAccessControl,
  makeZone,
} from './rules/samples.ts';

export const account = '111122223333';
export const alias = 'irsa.abcl0.example.com';
export const issuerURL = `https://${alias}`;
export const region = 'eu-central-1';
export const bucket = 'abcl0-oidc';

/** They take moto half a second after each reset, and few tests need them. */
export const withoutManagedPolicies: MotoOptions = { env: { MOTO_IAM_LOAD_MANAGED_POLICIES: 'false' } };

/** The hosted zone of every distribution: https://docs.aws.amazon.com/Route53/latest/APIReference/API_AliasTarget.html */
const cloudFrontZone = 'Z2FDTNDATAQYW2';

/** An issuer made by hand, call by call, in the way that AWS asks for: what the edge, STS and the proof are tested on. */
export class HandMadeIssuer {
  private constructor(
    /** In the issuer's account and region. */
    readonly aws: Clients,
    readonly key: SigningKey,
    readonly distribution: { readonly id: string; readonly arn: string; readonly domainName: string },
    private readonly zone: string,
  ) {}

  static async create(front: AwsFront): Promise<HandMadeIssuer> {
    front.state.timing.deployMillis = 0;
    // CloudFront takes its certificates from there.
    const aws = await new Clients(front, 'us-east-1').in(account);
    const zone = await makeZone(aws, 'abcl0.example.com');
    const certificate = await issueCertificate(aws, alias, zone);
    const origin = {
      Id: 'bucket',
      DomainName: `${bucket}.s3.${region}.amazonaws.com`,
      S3OriginConfig: { OriginAccessIdentity: '' },
      OriginAccessControlId: (await makeOriginAccessControl(aws, bucket)).id,
    };
    const Origins = { Quantity: 1, Items: [origin] };
    const { id, arn } = await makeDistribution(aws, { ...aliased(alias, certificate), Origins });
    const domainName = front.state.distributions.get(id)?.domainName ?? '';

    const issuer = new HandMadeIssuer(
      aws.at(region),
      await SigningKey.generate('first'),
      { id, arn, domainName },
      zone,
    );
    await makeBucket(issuer.aws, bucket);
    await issuer.letRead(arn);
    await issuer.publish([issuer.key.jwk]);
    await issuer.point('UPSERT', domainName);
    return issuer;
  }

  async register(): Promise<void> {
    const provider = { Url: issuerURL, ClientIDList: ['sts.amazonaws.com'] };
    await this.aws.iam.send(new CreateOpenIDConnectProviderCommand(provider));
  }

  async publish(keys: JWK[], change: object = {}): Promise<void> {
    const discovery = {
      issuer: issuerURL,
      jwks_uri: `${issuerURL}/keys.json`,
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
      ...change,
    };
    await this.put('.well-known/openid-configuration', JSON.stringify(discovery));
    await this.put('keys.json', JSON.stringify({ keys }));
  }

  async put(Key: string, Body: string): Promise<void> {
    await this.aws.s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body, ContentType: 'application/json' }));
  }

  /** Lets one distribution read the bucket over TLS, and nobody else. */
  async letRead(distributionARN: string, ...more: string[]): Promise<void> {
    const everything = [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`];
    const read = {
      Effect: 'Allow',
      Principal: { Service: 'cloudfront.amazonaws.com' },
      Action: ['s3:GetObject', ...more],
      Resource: everything,
      Condition: { StringEquals: { 'AWS:SourceArn': distributionARN } },
    };
    const onlyTLS = {
      Effect: 'Deny',
      Principal: '*',
      Action: 's3:*',
      Resource: everything,
      Condition: { Bool: { 'aws:SecureTransport': 'false' } },
    };
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [read, onlyTLS] });
    await this.aws.s3.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy }));
  }

  /** Lets an origin access identity read the bucket, and nobody else. */
  async letReadBy(identity: string): Promise<void> {
    const AWS = `arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity ${identity}`;
    const Resource = `arn:aws:s3:::${bucket}/*`;
    const Statement = [{ Effect: 'Allow', Principal: { AWS }, Action: 's3:GetObject', Resource }];
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
    await this.aws.s3.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy }));
  }

  /** Makes or deletes the alias record. */
  async point(Action: 'UPSERT' | 'DELETE', target: string): Promise<void> {
    const AliasTarget = { HostedZoneId: cloudFrontZone, DNSName: target, EvaluateTargetHealth: false };
    await changeRecords(this.aws, this.zone, { Action, ResourceRecordSet: { Name: alias, Type: 'A', AliasTarget } });
  }
}

export async function makeBucket({ s3 }: Clients, Bucket: string): Promise<void> {
  const CreateBucketConfiguration = { LocationConstraint: region } as const;
  await s3.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration }));
}

/** Trusts one subject of the issuer. */
export function trustPolicy(subject: string): string {
  const Principal = { Federated: `arn:aws:iam::${account}:oidc-provider/${alias}` };
  const Condition = { StringEquals: { [`${alias}:aud`]: 'sts.amazonaws.com', [`${alias}:sub`]: subject } };
  const Statement = [{ Effect: 'Allow', Action: 'sts:AssumeRoleWithWebIdentity', Principal, Condition }];
  return JSON.stringify({ Version: '2012-10-17', Statement });
}

export class SigningKey {
  private constructor(
    private readonly privateKey: CryptoKey,
    readonly jwk: JWK,
  ) {}

  static async generate(kid: string): Promise<SigningKey> {
    const { privateKey, publicKey } = await generateKeyPair('RS256');
    return new SigningKey(privateKey, { ...(await exportJWK(publicKey)), kid, alg: 'RS256', use: 'sig' });
  }

  /** A token as the API server makes them, but for what is changed. */
  token(change: JWTPayload = {}): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    const subject = 'system:serviceaccount:default:s3-reader';
    const claims = {
      iss: issuerURL,
      sub: subject,
      aud: 'sts.amazonaws.com',
      iat: now - 60,
      exp: now + 3600,
      ...change,
    };
    return new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: this.jwk.kid ?? '' }).sign(this.privateKey);
  }
}
