import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { RotationModel } from './rotation-model.ts';

type Act = (model: RotationModel) => void;

const server = fc.constantFrom(0, 1);
const reach = fc.constantFrom('secret', 'status', 'documents', 'documents', 'documents');
const said: fc.Arbitrary<Act> = fc.constantFrom<Act>(
  (model) => model.ask(),
  (model) => model.confirm(),
  (model) => model.confirmSigning(),
  (model) => model.unsay(),
  (model) => model.loseStatus(),
);
const waited = fc.integer({ min: 1, max: 30 }).map(
  (time): Act =>
    (model) =>
      model.wait(time),
);
const restarted = server.map(
  (index): Act =>
    (model) =>
      model.restart(index),
);
const passed = (asks: fc.Arbitrary<number | undefined>) =>
  fc.tuple(asks, reach).map(
    ([index, far]): Act =>
      (model) =>
        model.pass(index, far),
  );

/** What may happen, in any order. */
const acts = (asks: fc.Arbitrary<number | undefined>) =>
  fc.array(fc.oneof(passed(asks), passed(asks), said, waited, restarted), { minLength: 40, maxLength: 120 });

test('whatever happens, no API server signs with a key that is not published or that STS may not know, and no key with live tokens goes', () => {
  let rotations = 0;
  fc.assert(
    fc.property(acts(fc.option(server, { nil: undefined })), (all) => {
      const model = new RotationModel();
      model.ask();
      for (const act of all) {
        act(model);
        expect(model.problems).toEqual([]);
      }
      rotations += model.servers.some(({ signsWith }) => signsWith !== [...model.signed.keys()][0]) ? 1 : 0;
    }),
    { numRuns: 100 },
  );
  // Without rotations the property says nothing.
  expect(rotations).toBeGreaterThan(10);
});

test('as long as people say when all API servers have restarted, each of them accepts the live tokens of the others', () => {
  fc.assert(
    fc.property(acts(fc.constant(undefined)), (all) => {
      const model = new RotationModel();
      model.ask();
      for (const act of all) {
        act(model);
        expect(model.refused).toEqual([]);
      }
    }),
    { numRuns: 100 },
  );
});

test('a cluster whose API servers restart again and again rotates to the end without a word', () => {
  const model = new RotationModel();
  const [before] = model.secret.verified;
  model.ask();
  for (let hour = 0; hour < 24 * 7; hour++) {
    model.pass(hour % 2);
    model.wait(1);
    if (hour % 12 === 0) model.restart((hour / 12) % 2);
    expect(model.refused).toEqual([]);
  }
  expect([model.rotation, model.problems]).toEqual([undefined, []]);
  expect(model.secret.verified).toHaveLength(1);
  expect(model.secret.verified).not.toContain(before);
});

test('rotation after rotation comes to its end, and leaves one key', () => {
  const model = new RotationModel();
  for (let rotation = 1; rotation <= 3; rotation++) {
    const [before] = model.secret.verified;
    model.ask();
    const pass = () => {
      model.pass(undefined);
      model.wait(1);
    };
    pass();
    for (const index of [0, 1]) model.restart(index);
    model.confirm();
    for (let hour = 0; hour < 26; hour++) pass();
    for (const index of [0, 1]) model.restart(index);
    model.confirmSigning();
    for (let hour = 0; hour < 30; hour++) pass();
    expect(model.rotation).toBeUndefined();
    expect(model.secret.verified).toHaveLength(1);
    expect(model.secret.verified).not.toContain(before);
    expect(model.published.map(({ jwk }) => jwk.kid)).toEqual(model.secret.verified);
    expect(model.problems).toEqual([]);
    for (const index of [0, 1]) model.restart(index);
  }
});
