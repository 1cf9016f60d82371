import { startMoto, type MotoOptions } from '../moto.ts';
import { orStop, stopAll } from '../running.ts';
import { TestCA } from '../test-ca.ts';
import { Authorizer } from './authorize.ts';
import { Edge } from './edge.ts';
import { AwsFront } from './front.ts';
import { WebIdentitySts } from './sts.ts';

/** AWS as a test or the demo has it: its APIs, and the internet that its distributions serve. */
export interface TestAws {
  readonly front: AwsFront;
  readonly edge: Edge;
  /** What signs the certificates of the edge. */
  readonly ca: TestCA;
  /** @throws at the end, where a call to the front could not be named */
  stop(): Promise<void>;
}

/** Starts everything, and lets AWS see issuers through the edge: IAM to register one, STS to verify a token of one. */
export async function startAws(options: MotoOptions = {}): Promise<TestAws> {
  const moto = await startMoto(options);
  const ca = await orStop([moto], () => TestCA.create());
  const behind = [moto, { stop: () => ca.remove() }];
  const front = await orStop(behind, () => AwsFront.start({ motoUrl: moto.url }));
  const edge = await orStop([front, ...behind], () => Edge.start(front.state, ca));
  const sts = new WebIdentitySts(front.state, edge.fetch);
  const authorizer = new Authorizer(front.state, sts);
  front.issuerReachable = (url) => edge.reachable(url);
  front.handle('sts:AssumeRoleWithWebIdentity', (request) => sts.assumeRole(request));
  front.authorize = (request) => authorizer.judge(request);
  return { front, edge, ca, stop: () => stopAll([edge, front, ...behind]) };
}
