import { readFile } from 'node:fs/promises';
import { AddTagsToCertificateCommand } from '@aws-sdk/client-acm';
import { TagResourceCommand } from '@aws-sdk/client-cloudfront';
import { CreateOpenIDConnectProviderCommand } from '@aws-sdk/client-iam';
import {
  CreateBucketCommand,
  PutBucketOwnershipControlsCommand,
  PutBucketPolicyCommand,
  PutBucketTaggingCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import type { Clients } from '../backends/aws/clients.ts';
import {
  aliased,
  changeRecords,
  distributionConfig,
  issueCertificate,
  makeDistribution,
} from '../backends/aws/rules/samples.ts';
import type { ControlPlane } from '../backends/control-plane/control-plane.ts';
import { awsCluster, domain, type Manifest } from './objects.ts';

export const olderFinalizer = 'irsa-operator.finalizers.giantswarm.io/resource';

/** The id of its origin access identity, by which a distribution signed before there were origin access controls. */
export const identity = 'E2OLDER';

/** A cluster of release 19 as the older Go operator, 0.34, leaves it on AWS and in Kubernetes. */
export class OlderCluster {
  readonly alias: string;
  readonly url: string;
  readonly bucket: string;

  constructor(
    readonly namespace: string,
    readonly name: string,
    readonly accountID: string,
  ) {
    this.alias = `irsa.${name}.k8s.${domain}`;
    this.url = `https://${this.alias}`;
    this.bucket = `${accountID}-g8s-${name}-oidc-pod-identity-v2`;
  }

  get #tags(): Readonly<Record<string, string>> {
    return {
      'giantswarm.io/cluster': this.name,
      'giantswarm.io/installation': 'gauss',
      [`kubernetes.io/cluster/${this.name}`]: 'owned',
    };
  }

  /** All that it made, with what the account's owner allows: everything carries the tag by which it may be adopted. */
  async makeOnAWS(account: Clients, zone: string, controlPlane: ControlPlane): Promise<void> {
    const Tags = Object.entries({
      ...this.#tags,
      'irsa.giantswarm.io/adopt': `OIDCIssuer/${this.namespace}/${this.name}`,
    }).map(([Key, Value]) => ({ Key, Value }));
    // CloudFront takes its certificates from there.
    const global = account.at('us-east-1');
    await this.#makeBucket(account, Tags);
    const certificate = await issueCertificate(global, this.alias, zone);
    await global.acm.send(new AddTagsToCertificateCommand({ CertificateArn: certificate, Tags }));
    const { arn, id } = await makeDistribution(global, this.#distribution(certificate));
    await global.cloudFront.send(new TagResourceCommand({ Resource: arn, Tags: { Items: Tags } }));
    const domainName = account.front.state.distributions.get(id)?.domainName ?? '';
    await changeRecords(account, zone, {
      Action: 'CREATE',
      ResourceRecordSet: { Name: this.alias, Type: 'CNAME', TTL: 600, ResourceRecords: [{ Value: domainName }] },
    });
    await this.#publish(account, controlPlane);
    for (const Url of [this.url, `https://${domainName}`]) {
      const provider = { Url, ClientIDList: ['sts.amazonaws.com'], Tags };
      await account.iam.send(new CreateOpenIDConnectProviderCommand(provider));
    }
  }

  async #makeBucket({ s3 }: Clients, TagSet: { Key: string; Value: string }[]): Promise<void> {
    const Bucket = this.bucket;
    await s3.send(
      new CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint: 'eu-central-1' } }),
    );
    await s3.send(new PutBucketTaggingCommand({ Bucket, Tagging: { TagSet } }));
    const OwnershipControls = { Rules: [{ ObjectOwnership: 'ObjectWriter' as const }] };
    await s3.send(new PutBucketOwnershipControlsCommand({ Bucket, OwnershipControls }));
    const AWS = `arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity ${identity}`;
    const Resource = `arn:aws:s3:::${Bucket}/*`;
    const Statement = [
      { Effect: 'Allow', Principal: { AWS }, Action: 's3:GetObject', Resource },
      {
        Sid: 'ForceSSLOnlyAccess',
        Effect: 'Deny',
        Principal: '*',
        Action: 's3:*',
        Resource,
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      },
    ];
    const Policy = JSON.stringify({ Version: '2012-10-17', Id: 'PolicyForCloudFrontPrivateContent', Statement });
    await s3.send(new PutBucketPolicyCommand({ Bucket, Policy }));
  }

  #distribution(certificate: string): ReturnType<typeof distributionConfig> {
    const origin = `${this.bucket}.s3.eu-central-1.amazonaws.com`;
    const OriginAccessIdentity = `origin-access-identity/cloudfront/${identity}`;
    return distributionConfig({
      CallerReference: `distribution-cluster-${this.name}`,
      Comment: `Created by irsa-operator for cluster ${this.name}`,
      Origins: { Quantity: 1, Items: [{ Id: origin, DomainName: origin, S3OriginConfig: { OriginAccessIdentity } }] },
      DefaultCacheBehavior: {
        TargetOriginId: origin,
        ViewerProtocolPolicy: 'redirect-to-https',
        CachePolicyId: '4135ea2d-6df8-44a3-9df3-4b5a84be39ad',
      },
      ...aliased(this.alias, certificate),
    });
  }

  /** The key that the API server signs with, without its algorithm. */
  async #publish({ s3 }: Clients, controlPlane: ControlPlane): Promise<void> {
    const { keys } = JSON.parse((await controlPlane.read('/openid/v1/jwks')) ?? '') as { keys: { alg?: string }[] };
    const discovery = {
      issuer: this.url,
      jwks_uri: `${this.url}/keys.json`,
      authorization_endpoint: 'urn:kubernetes:programmatic_authorization',
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
      claims_supported: ['sub', 'iss'],
    };
    const put = (Key: string, body: object) =>
      s3.send(
        new PutObjectCommand({
          Bucket: this.bucket,
          Key,
          Body: JSON.stringify(body, null, 2),
          ContentType: 'application/json',
        }),
      );
    await put('.well-known/openid-configuration', discovery);
    await put('keys.json', { keys: keys.map(({ alg: _, ...key }) => key) });
  }

  /** The AWSCluster, and what stands beside it. The key is that of the API server. */
  async manifests({ signingKeyFile, publicKeyFile }: ControlPlane['defaults']): Promise<Manifest[]> {
    const { namespace, name } = this;
    const cluster = awsCluster(namespace, name, { release: '19.3.0' });
    const [key, pub] = await Promise.all([readFile(signingKeyFile, 'utf8'), readFile(publicKeyFile, 'utf8')]);
    return [
      { apiVersion: 'v1', kind: 'Secret', metadata: { name: `${name}-service-account-v2` }, stringData: { key, pub } },
      {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: `${name}-cluster-values`, finalizers: [olderFinalizer, 'example.com/theirs'] },
        data: { values: `baseDomain: ${name}.k8s.${domain}\n` },
      },
      { ...cluster, metadata: { ...cluster.metadata, finalizers: [olderFinalizer] } },
    ];
  }
}
