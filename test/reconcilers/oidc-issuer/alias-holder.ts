import type { Story } from './story.ts';

const strangers = '999988888888';

/** A distribution of another account has the alias. */
export function hold(story: Story, alias: string): void {
  const { distributions } = story.aws.account(strangers);
  const id = `E${distributions.size}STRANGE-HOLD`;
  distributions.set(id, {
    id,
    arn: `arn:aws:cloudfront::${strangers}:distribution/${id}`,
    domainName: `d${id.toLowerCase()}.cloudfront.net`,
    etag: 'ETAG',
    status: 'Deployed',
    before: [],
    config: {
      CallerReference: id,
      Comment: '',
      Enabled: true,
      DefaultCacheBehavior: undefined,
      Origins: { Quantity: 0, Items: [] },
      Aliases: { Quantity: 1, Items: [alias] },
    },
    tags: {},
    changedAt: new Date(0),
  });
}

export function release(story: Story): void {
  story.aws.account(strangers).distributions.clear();
}
