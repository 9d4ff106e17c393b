// A bug in a listener to what is applied does not stop the group. What the listener knew is dropped: permissions are read
// again, leases are claimed again, and watches read history.

import { expect, test } from "vitest";
import { logIndex, nodeId } from "../../../../src/core/base/ids.ts";
import { silentLog } from "../../../../src/core/base/log.ts";
import { compareStates } from "../../../../src/core/coordinator/divergence/compare-states.ts";
import { OwnKeyGroup } from "../../../../src/core/coordinator/etcd/own-key-group.ts";
import { FleetMachine } from "../../../../src/core/coordinator/group/fleet-machine.ts";
import { KeysMachine } from "../../../../src/core/coordinator/group/keys-machine.ts";
import { InternalErrors } from "../../../../src/core/wire/server/internal-errors.ts";
import { entry, put } from "../../kv/operations.ts";
import { bytes } from "./key-commands.ts";
import { client, FakeKeys } from "./key-store.ts";

const bug = () => {
  throw new TypeError("a bug");
};

test("a listener to the keys that throws begins again from the state, and the others are told", () => {
  const internalErrors = new InternalErrors("coordinator n1", silentLog);
  const machine = new KeysMachine();
  const groups = new Map([[1, { kind: "keys", group: 1, machine }]]);
  const own = new OwnKeyGroup({ groups, internalErrors } as never);
  const told: string[] = [];
  own.addListener({ applied: bug, restored: () => told.push("begins again") });
  own.addListener({ applied: () => told.push("applied"), restored: bug });
  own.now();
  expect(machine.apply(logIndex(1), entry(put("a", "1")))).toHaveLength(1);
  expect(told).toEqual(["begins again", "applied"]);
  expect([machine.appliedIndex, internalErrors.count]).toEqual([1, 1]);
});

test("a comparison of states that throws leaves the machine alone", () => {
  const errors = new InternalErrors("coordinator n1", silentLog);
  const machine = new FleetMachine();
  const timers = { every: () => () => undefined, after: () => () => undefined };
  const driver = { term: 1, leader: 2, role: "follower", appliedIndex: 0 };
  const { checks } = compareStates({
    ...{ self: 1, trust: { isTrusted: true, isFenced: false }, driver, machine, timers, errors },
    ...{ hears: () => true, send: bug, nameOf: String, pass: bug, log: silentLog },
  } as never);
  checks.heard(nodeId(2), { term: 1, index: 1, kind: { $case: "question", value: {} } } as never);
  driver.appliedIndex = 1;
  machine.apply(logIndex(1), new Uint8Array());
  expect([machine.view.appliedIndex, errors.count]).toEqual([1, 1]);
});

test("rights whose tables can't be looked at are not remembered", () => {
  const reader = client("a");
  const keys = new FakeKeys({ a: [{ verbs: ["read"], names: ["x"] }] });
  const { access } = keys.store;
  const mayRead = () => access.mayRead(reader, bytes("x"), new Uint8Array());
  expect(mayRead()).toBe(true);
  let reviews = 0;
  access.onChange(bug);
  access.onChange(() => {
    reviews += 1;
  });
  keys.brokenLooks = 1;
  expect(() => keys.changeRules({ a: [] })).not.toThrow();
  expect([mayRead(), reviews, keys.internalErrors.count]).toEqual([false, 1, 2]);
});
