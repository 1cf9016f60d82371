import { describe, expect, test } from '@jest/globals';
import { alias, globalBucket, Story } from './story.ts';

/** As derived for release 19. */
const release19 = {
  bucket: { name: globalBucket },
  hosting: { cloudFront: { alias, distributionProvider: 'Keep' as const } },
};

describe('the calls to AWS', () => {
  /** Comes back once, and gives what that asked. */
  async function callsOfReturn(story: Story): Promise<string[]> {
    story.aws.forgetCalls();
    await story.comeBack();
    return story.aws.calls.map(({ operation }) => operation);
  }

  /** What tells whether ACM, CloudFront and Route 53 are done, and nothing else of what a new issuer calls. */
  const looks = ['DescribeCertificate', 'GetDistribution', 'GetChange'];

  /** Provisions a new issuer, and gives what each pass called. Each of ACM, CloudFront and Route 53 is looked at so many times in vain. */
  async function callsOfNewIssuer({ inVain }: { readonly inVain: number }): Promise<string[][]> {
    const story = new Story(release19);
    await story.reconcile();
    const passes = [story.aws.calls.map(({ operation }) => operation)];
    for (const certificate of story.account.certificates.values()) certificate.validatingFor = inVain;
    const waited = { DistributionDeploying: 0, DNSChangePending: 0 };
    while (story.condition('Ready')?.status !== 'True' && passes.length < 30) {
      const reason = story.condition('Ready')?.reason;
      if (reason === 'DistributionDeploying' && waited[reason]++ === inVain) story.aws.deploy();
      if (reason === 'DNSChangePending' && waited[reason]++ === inVain) story.aws.sync();
      passes.push(await callsOfReturn(story));
    }
    expect(story.condition('Ready')).toMatchObject({ status: 'True' });
    return passes;
  }

  test('of a new issuer are each for something that no other one does', async () => {
    const passes = await callsOfNewIssuer({ inVain: 0 });
    expect(passes).toEqual([
      [
        'GetCallerIdentity',
        // A restored object has no status: what it made before is found, if there is any.
        'ListDistributions',
        'ListOpenIDConnectProviders',
        'GetBucketTagging',
        'CreateBucket',
        'PutObject',
        'PutObject',
        'ListHostedZones',
        // Whether the alias, or a name between it and the zone, is given to other name servers.
        'ListResourceRecordSets',
        'ListResourceRecordSets',
        'ListCertificates',
        'RequestCertificate',
      ],
      ['DescribeCertificate', 'ListResourceRecordSets', 'AddTagsToCertificate', 'ChangeResourceRecordSets'],
      [
        'DescribeCertificate',
        'CreateOriginAccessControl',
        'CreateFunction',
        'PublishFunction',
        'CreateDistributionWithTags',
        'GetBucketPolicy',
        'PutBucketPolicy',
      ],
      ['GetDistribution', 'ChangeResourceRecordSets'],
      ['GetChange', 'GetObject', 'CreateOpenIDConnectProvider', 'CreateOpenIDConnectProvider'],
    ]);
    expect(passes.flat().filter((operation) => !looks.includes(operation))).toHaveLength(25);
  });

  test('of a new issuer are at most 30, and one more for each look in vain at ACM, CloudFront or Route 53', async () => {
    const atOnce = (await callsOfNewIssuer({ inVain: 0 })).flat();
    expect(atOnce.length).toBeLessThanOrEqual(30);
    const thrice = (await callsOfNewIssuer({ inVain: 3 })).flat();
    expect(thrice).toHaveLength(atOnce.length + 3 * 3);
    expect(thrice.filter((operation) => !looks.includes(operation))).toHaveLength(25);
  });

  test('of a look again are one, about what is waited for', async () => {
    const story = new Story(release19);
    await story.reconcile();
    const [certificate] = story.account.certificates.values();
    Object.assign(certificate!, { recordHiddenFor: 1, validatingFor: 1 });
    expect(await callsOfReturn(story)).toEqual(['DescribeCertificate']);
    expect(story.condition('CertificateReady')?.reason).toBe('CertificateRecordPending');
    await callsOfReturn(story);
    expect(await callsOfReturn(story)).toEqual(['DescribeCertificate']);
    expect(story.condition('CertificateReady')?.reason).toBe('CertificatePendingValidation');
    await callsOfReturn(story);
    expect(await callsOfReturn(story)).toEqual(['GetDistribution']);
    expect(story.condition('DistributionReady')?.reason).toBe('DistributionDeploying');
    story.aws.deploy();
    await callsOfReturn(story);
    expect(await callsOfReturn(story)).toEqual(['GetChange']);
    expect(story.condition('DNSReady')?.reason).toBe('DNSChangePending');
  });

  test('of an issuer that is ready are 11 reads, one for the zone and one for each provider', async () => {
    const story = new Story(release19);
    await story.untilReady();
    story.aws.forgetCalls();
    await story.reconcile();
    expect(story.aws.writes).toEqual([]);
    expect(story.aws.calls.length).toBe(11 + 1 + 2);
  });
});
