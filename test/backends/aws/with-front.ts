import { afterAll, beforeAll, beforeEach } from '@jest/globals';
import { startMoto, type Moto } from '../moto.ts';
import { stopAll } from '../running.ts';
import { Clients } from './clients.ts';
import { AwsFront } from './front.ts';

export interface WithFront {
  readonly motoUrl: string;
  readonly front: AwsFront;
  /** Of the account 123456789012, in us-east-1. */
  readonly aws: Clients;
}

/** Gives the tests of a file one front and moto, reset before each test. They fail where a call could not be named. */
export function withFront(): WithFront {
  let moto: Moto | undefined;
  let front: AwsFront | undefined;
  let aws: Clients | undefined;

  beforeAll(async () => {
    moto = await startMoto();
    front = await AwsFront.start({ motoUrl: moto.url });
    aws = new Clients(front);
  });
  beforeEach(() => front?.reset());
  afterAll(async () => {
    aws?.destroy();
    await stopAll([front, moto].filter((one) => one !== undefined));
  });

  const started = <Value>(value: Value | undefined): Value => {
    if (value === undefined) throw new Error('the front runs only while a test does');
    return value;
  };
  return {
    get motoUrl() {
      return started(moto).url;
    },
    get front() {
      return started(front);
    },
    get aws() {
      return started(aws);
    },
  };
}
