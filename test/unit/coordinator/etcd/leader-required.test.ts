import { Metadata } from "@grpc/grpc-js";
import { expect, test } from "vitest";
import type { EtcdContext } from "../../../../src/core/coordinator/etcd/etcd-context.ts";
import { ETCD_ERRORS } from "../../../../src/core/coordinator/etcd/etcd-errors.ts";
import {
  LeaderRequired,
  refuseWithoutLeader,
} from "../../../../src/core/coordinator/etcd/leader-required.ts";

function replica(leader: number | null) {
  const group = leader === null ? null : { driver: { leader } };
  const state = { group };
  let look: () => unknown = () => undefined;
  const timers = {
    every: (_: number, action: () => unknown) => {
      look = action;
      return () => undefined;
    },
    after: () => () => undefined,
  };
  const context = { keys: () => state.group } as unknown as EtcdContext;
  return { context, state, required: new LeaderRequired(context, timers), look: () => look() };
}

function stream(wants: string | null) {
  const metadata = new Metadata();
  if (wants !== null) metadata.set("hasleader", wants);
  const errors: unknown[] = [];
  return { metadata, errors, emit: (_: string | symbol, error: unknown) => errors.push(error) > 0 };
}

test.each([
  { leader: 0, headers: { hasleader: "true" }, refused: true, why: "there is no leader" },
  { leader: 2, headers: { hasleader: "true" }, refused: false, why: "there is a leader" },
  { leader: 0, headers: {}, refused: false, why: "the caller does not ask for one" },
  { leader: 0, headers: { hasleader: "false" }, refused: false, why: "the caller wants none" },
  { leader: null, headers: { hasleader: "true" }, refused: false, why: "the group is not open yet" },
])("a call that requires a leader: refused = $refused, since $why", ({ leader, headers, refused }) => {
  const { context } = replica(leader);
  const call = () => refuseWithoutLeader(context, headers);
  if (refused) expect(call).toThrow(ETCD_ERRORS.noLeader);
  else expect(call).not.toThrow();
});

test("a stream that requires a leader is refused without one, and ends when the leader is gone", () => {
  const { required, state, look } = replica(0);
  expect(() => required.add(stream("true"))).toThrow(ETCD_ERRORS.noLeader);
  state.group = { driver: { leader: 1 } };
  const [strict, patient, ended] = [stream("true"), stream(null), stream("true")];
  required.add(strict);
  required.add(patient);
  required.add(ended)();
  look();
  expect(strict.errors).toEqual([]);
  state.group = { driver: { leader: 0 } };
  look();
  expect(strict.errors).toEqual([ETCD_ERRORS.noLeader]);
  expect([...patient.errors, ...ended.errors]).toEqual([]);
});
