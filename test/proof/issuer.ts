import { decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import { algorithms, fetchPublication, type Publication } from '../backends/aws/sts-keys.ts';
import { audience, mintToken, read, type ProofInput } from './input.ts';

export interface Issuer {
  readonly url: string;
  readonly kids: readonly string[];
  readonly accountID: string;
  readonly region: string;
}

interface OIDCIssuer {
  readonly spec: { readonly region: string };
  readonly status?: {
    readonly issuerURL?: string;
    readonly accountID?: string;
    readonly keys?: readonly { readonly kid: string }[];
  };
}

/** What the OIDCIssuer's status says of itself. */
export async function readIssuer(input: ProofInput): Promise<Issuer> {
  const { spec, status } = await read<OIDCIssuer>(input, 'oidcissuers.irsa.giantswarm.io', input.issuer);
  const { issuerURL: url, accountID, keys = [] } = status ?? {};
  if (!url || !accountID || keys.length === 0) throw new Error('the status names no issuer URL, account or key');
  return { url, accountID, region: spec.region, kids: keys.map(({ kid }) => kid) };
}

/** A token of the cluster, which must be one of this issuer and signed with a key of its status. */
export async function mintTokenOf(issuer: Issuer, input: ProofInput): Promise<string> {
  const token = await mintToken(input, input.subject);
  const { iss } = decodeJwt(token);
  if (iss !== issuer.url) throw new Error(`the cluster's tokens are of ${iss}, not of ${issuer.url}`);
  const kid = kidOf(token);
  if (!issuer.kids.includes(kid))
    throw new Error(`the cluster signs with ${kid}, the status has ${issuer.kids.join()}`);
  return token;
}

/** The documents as anybody can fetch them; they must hold every key of the status. */
export async function fetchDocuments(issuer: Issuer, input: ProofInput): Promise<Publication> {
  const publication = await fetchPublication(issuer.url, input.edge.fetch);
  const missing = issuer.kids.filter((kid) => !publication.kids.includes(kid));
  if (missing.length > 0) throw new Error(`${publication.jwksURI} lacks ${missing.join()}`);
  return publication;
}

/** Verifies the token against the documents, and says whose it is. */
export async function verifyToken(token: string, issuer: Issuer, publication: Publication): Promise<string> {
  const expected = { issuer: issuer.url, audience, algorithms };
  const { payload, protectedHeader } = await jwtVerify(token, publication.findKey, expected);
  return `the published key ${protectedHeader.kid} verifies the token of ${payload.sub}`;
}

/** The key that a token says it was signed with. */
export function kidOf(token: string): string {
  return decodeProtectedHeader(token).kid ?? '';
}
