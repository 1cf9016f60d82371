import { expect, test } from '@jest/globals';
import { hours } from '../../../src/runtime/duration.ts';
import { iamServiceAccounts, oidcIssuers } from '../../../src/api/resources.ts';
import { sameJson } from '../../../src/runtime/json.ts';
import { killed, settled, survivals, type Work } from './killing.ts';
import { Migration, renamed, renamedURL, role } from './migrating.ts';
import { Fulfilment } from '../plans.ts';
import { unseen } from './planning.ts';
import { accountsOf, second, third } from './several-accounts.ts';
import { lateInLife, ready } from './renewing.ts';
import { alias, bucketName, issuerURL, only, ref } from './story.ts';

const records = (host: string) => [`record A ${host}`, `record AAAA ${host}`, 'validation record'];
const site = (host: string) => [
  'distribution',
  `certificate ${host}`,
  `provider arn:aws:iam::111122223333:oidc-provider/${host}`,
  ...records(host),
];
const shared = [`bucket ${bucketName}`, `origin access control ${bucketName}`];

const providers = (host: string, ...ids: readonly string[]) =>
  ids.map((id) => `provider arn:aws:iam::${id}:oidc-provider/${host}`);
const providersElsewhere = (story: Migration) =>
  [second, third].flatMap((id) => [...story.aws.account(id).providers.keys()].map((arn) => `provider ${arn}`));

/** A story is for one alias; records and distributions have names that differ from run to run. */
const standing = (story: Migration): string[] =>
  [...story.leftovers, ...providersElsewhere(story)]
    .map((what) =>
      what
        .replace(/^(distribution|function) .*/, '$1')
        .replace(/oidc-provider\/d\w+\.cloudfront\.net/, 'oidc-provider/DISTRIBUTION')
        .replace(/^record CNAME _.*/, 'validation record')
        .replace(/^record CNAME irsa.*/, 'record CNAME of the alias'),
    )
    .toSorted();

async function drained(): Promise<Migration> {
  const story = await Migration.begun();
  await story.settle();
  story.say(renamedURL);
  await story.settle();
  await story.clock.advance(hours(25));
  return story;
}

async function bothSites(spec?: Parameters<typeof Migration.begun>[0]): Promise<Migration> {
  const story = await Migration.begun(spec);
  await story.settle();
  return story;
}

const replaces = 'irsa.giantswarm.io/replaces';

async function certificateNotRenewed(): Promise<Migration> {
  const story = await ready(new Migration());
  await lateInLife(story, only([...story.account.certificates.values()]));
  return story;
}

const both = { hosting: { cloudFront: { alias, distributionProvider: 'Keep' as const } } };
const ownProvider = 'provider arn:aws:iam::111122223333:oidc-provider/DISTRIBUTION';

const zoneAccount = '444455556666';
const inZoneAccount = { route53: { account: { roleARN: `arn:aws:iam::${zoneAccount}:role/dns` } } };
const hostedBy = (dns: object) => ({ hosting: { cloudFront: { alias, dns } } });

/** The public zone is in another account, and the issuer's has a private one. */
function withZonesElsewhere(dns: object = inZoneAccount): Migration {
  const story = new Migration(hostedBy(dns));
  story.account.zones.clear();
  story.account.addZone('example.com', { isPrivate: true });
  story.aws.account(zoneAccount).addZone('example.com');
  return story;
}

async function readyElsewhere(): Promise<Migration> {
  const story = withZonesElsewhere();
  await story.untilReady();
  return story;
}

/** Somebody makes each record that is asked for. */
async function readyByHand(story: Migration): Promise<void> {
  await story.until(() => {
    story.makeRecords();
    return story.condition('Ready')?.status === 'True';
  });
}

const works: Readonly<Record<string, Work>> = {
  'makes an issuer': {
    begin: async () => new Migration(),
    act: (story) => story.untilReady(),
    end: [...shared, ...site(alias)],
  },
  'makes an issuer of three accounts': {
    begin: async () => new Migration({ additionalAccounts: accountsOf(second, third) }),
    act: (story) => story.untilReady(),
    end: [...shared, ...site(alias), ...providers(alias, second, third)],
  },
  'registers in an account, leaves it and registers in another': {
    begin: async () => new Migration({ additionalAccounts: accountsOf(second) }),
    act: async (story) => {
      await story.untilReady();
      story.edit({ additionalAccounts: accountsOf(third) });
      await settled(story);
    },
    end: [...shared, ...site(alias), ...providers(alias, third)],
  },
  'makes a second site': {
    begin: () => Migration.begun(),
    act: (story) => story.settle(),
    end: [...shared, ...site(alias), ...site(renamed)],
  },
  'retires the former site': {
    begin: drained,
    act: settled,
    end: [...shared, ...site(renamed)],
  },
  'goes back to the former site': {
    begin: async () => {
      const story = await bothSites();
      story.askFor(alias);
      await story.settle();
      story.say(issuerURL);
      return story;
    },
    act: async (story) => {
      await story.settle();
      await story.clock.advance(hours(25));
      await settled(story);
    },
    end: [...shared, ...site(alias)],
  },
  'makes records in another account': {
    begin: async () => withZonesElsewhere(),
    act: (story) => story.untilReady(),
    end: [...shared, ...site(alias), 'record CNAME of the alias'],
  },
  'moves to records in its own account': {
    begin: async () => {
      const story = await readyElsewhere();
      story.account.addZone('example.com');
      return story;
    },
    act: async (story) => {
      story.edit({ hosting: { cloudFront: { dns: null } } });
      await story.settle();
    },
    end: [...shared, ...site(alias), ...records(alias), 'record CNAME of the alias'],
  },
  'makes an issuer of both URLs': {
    begin: async () => new Migration(both),
    act: (story) => story.untilReady(),
    end: [...shared, ...site(alias), ownProvider, 'function'],
  },
  'takes the URL of the distribution away': {
    begin: async () => {
      const story = new Migration(both);
      await story.untilReady();
      return story;
    },
    act: async (story) => {
      story.edit({ hosting: { cloudFront: { distributionProvider: 'Remove' } } });
      await settled(story);
    },
    end: [...shared, ...site(alias)],
  },
  'takes the URL of the distribution in': {
    begin: async () => {
      const story = new Migration();
      await story.untilReady();
      return story;
    },
    act: async (story) => {
      story.edit({ hosting: { cloudFront: { alias, distributionProvider: 'Keep' } } });
      await settled(story);
    },
    end: [...shared, ...site(alias), ownProvider, 'function'],
  },
  'removes records in another account': {
    begin: async () => {
      const story = await readyElsewhere();
      story.edit({ hosting: { cloudFront: { dns: { route53: null, manual: {} } } } });
      await story.settle();
      story.delete();
      return story;
    },
    act: (story) => story.untilGone(),
    end: [],
  },
  'waits for records made by hand': {
    begin: async () => withZonesElsewhere({ manual: {} }),
    act: readyByHand,
    end: [...shared, ...site(alias).filter((what) => !records(alias).includes(what))],
  },
  'replaces a certificate that ACM does not renew': {
    begin: certificateNotRenewed,
    act: (story) =>
      story.until(() => {
        const [certificate, ...others] = story.account.certificates.values();
        const isDone = others.length === 0 && !certificate?.renewal && !certificate?.tags[replaces];
        return isDone && story.condition('Ready')?.status === 'True';
      }),
    end: [...shared, ...site(alias)],
  },
  'removes an issuer whose certificate is being replaced': {
    begin: async () => {
      const story = await certificateNotRenewed();
      await story.reconcile();
      story.delete();
      return story;
    },
    act: (story) => story.untilGone(),
    end: [],
  },
  'removes both sites, from three accounts': {
    begin: async () => {
      const story = await bothSites({ additionalAccounts: accountsOf(second, third) });
      story.kube.remove(iamServiceAccounts, role);
      await story.reconcileRole();
      story.delete();
      return story;
    },
    act: (story) => story.untilGone(),
    end: [],
  },
};

test.each(Object.entries(works))(
  'an operator that %s comes to the same end wherever it is killed',
  async (_, work) => {
    const { problems, kills } = await survivals(work, standing);
    expect(problems).toEqual([]);
    expect(kills).toBeGreaterThan(4);
  },
  60_000,
);

/**
 * Stops the work after that write, plans twice, and goes on. Says what the plans wrote beside the one patch of the status, what of
 * the plan the next pass did not do, and what is wrong in the end. Undefined: there was no such write.
 */
async function planned(work: Work, last: number): Promise<string[] | undefined> {
  const cut = await killed(work, last);
  if (!cut) return undefined;
  const { story, where } = cut;
  const annotate = (value: string | null) =>
    story.kube.edit(oidcIssuers, ref, { metadata: { annotations: { 'irsa.giantswarm.io/plan': value } } });
  const problems: string[] = [];
  if (story.object) {
    annotate('true');
    const { plan: _none, conditions: before, ...rest } = story.status;
    for (const allowed of [['patchStatus'], []]) {
      story.forget();
      await story.reconcile();
      const writes = [...story.aws.writes, ...story.kube.writes.map(({ verb }) => verb)];
      if (writes.join() !== allowed.join()) problems.push(`the plan after ${where} wrote ${writes.join()}`);
    }
    const { plan = [], conditions: after, ...same } = story.status;
    if (plan.length === 0) problems.push(`no plan after ${where}`);
    if (!sameJson({ ...unseen, ...same }, { ...unseen, ...rest }))
      problems.push(`the plan after ${where} changed more`);
    if (!story.object.metadata.deletionTimestamp && !sameJson(before, after))
      problems.push('the plan changed conditions');
    annotate(null);
    const fulfilment = new Fulfilment(story.logger, plan);
    await story.reconcile();
    const { problem } = fulfilment;
    if (problem !== undefined) problems.push(`after ${where} ${problem}`);
  }
  await work.act(story);
  const found = standing(story).join(', ');
  const wanted = work.end.toSorted().join(', ');
  return found === wanted ? problems : [...problems, `planned after ${where}: ${found}`];
}

test.each(Object.entries(works))(
  'a plan in the middle of an operator that %s writes nothing, tells what comes next, and changes nothing of the end',
  async (_, work) => {
    const problems: string[] = [];
    let plans = 0;
    for (; ; plans++) {
      const found = await planned(work, plans);
      if (!found) break;
      problems.push(...found);
    }
    expect(problems).toEqual([]);
    expect(plans).toBeGreaterThan(4);
  },
  60_000,
);
