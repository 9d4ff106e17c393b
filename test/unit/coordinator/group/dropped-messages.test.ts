// What is dropped is counted and warned of, and no flood of it fills a log.

import { expect, test } from "vitest";
import { FLEET_GROUP, groupId, logIndex, nodeId, term } from "../../../../src/core/base/ids.ts";
import { DroppedMessages, type DropReason } from "../../../../src/core/coordinator/group/dropped-messages.ts";

function listening() {
  const warnings: (object | undefined)[] = [];
  const ignore = () => undefined;
  const log = {
    info: ignore,
    error: ignore,
    warn: (_: string, fields?: object) => void warnings.push(fields),
  };
  const dropped = new DroppedMessages({ log, nameOf: (id) => `n${id}` });
  const note = (reason: DropReason, from: number, at = 1, group = 0) =>
    dropped.note({
      ...{ reason, type: "MsgApp", from: nodeId(from), term: term(at), index: logIndex(0) },
      group: group === 0 ? FLEET_GROUP : groupId(group),
    });
  return { dropped, warnings, note };
}

test("the sender is named, once a reason and term", () => {
  const { warnings, note } = listening();
  for (const at of [7, 7, 8]) note("out-of-reach", 3, at);
  note("malformed", 3, 7);
  note("out-of-reach", 2, 7);
  expect(warnings).toMatchObject([
    { peer: "n3", reason: "out-of-reach", term: 7 },
    { peer: "n3", reason: "out-of-reach", term: 8 },
    { peer: "n3", reason: "malformed", term: 7 },
    { peer: "n2", reason: "out-of-reach", term: 7 },
  ]);
});

test("what happens in a sound fleet is counted only", () => {
  const { dropped, warnings, note } = listening();
  note("peer-not-found", 3);
  expect(warnings).toEqual([]);
  expect(dropped.counts.get("peer-not-found")).toBe(1);
});

test("a flood that names ever other terms and groups is a few lines, and each drop is counted", () => {
  const { dropped, warnings, note } = listening();
  for (let at = 1; at <= 100_000; at += 1) note("out-of-reach", 3, at, at % 1_000);
  expect(dropped.counts.get("out-of-reach")).toBe(100_000);
  expect(warnings.length).toBeLessThan(40);
  expect(warnings.at(-1)).toMatchObject({ peer: "n3", drops: 65_536 });
});

test("so is one that names ever other senders, which needs no certificates", () => {
  const { warnings, note } = listening();
  for (let from = 1; from <= 100_000; from += 1) note("malformed", from, from);
  expect(warnings.length).toBeLessThan(300);
});
