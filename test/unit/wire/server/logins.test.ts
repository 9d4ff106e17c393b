// Who logs in is counted by kind and named in the log, operators and replicas at info, shards and agents at debug.

import { expect, test } from "vitest";
import { nodeId } from "../../../../src/core/base/ids.ts";
import { LINES_MAX, SHARE_MAX } from "../../../../src/core/wire/server/caller-lines.ts";
import { Logins } from "../../../../src/core/wire/server/logins.ts";

function watched() {
  const lines: { readonly level: string; readonly fields: object }[] = [];
  const to = (level: string) => (_: string, fields?: object) => lines.push({ level, fields: { ...fields } });
  return { lines, logins: new Logins({ info: to("info"), debug: to("debug") }, () => 0) };
}

test("a login is a line with identity, serial and address, at the level of its kind", () => {
  const { lines, logins } = watched();
  logins.note({ kind: "admin" }, "10.0.0.1");
  logins.note({ kind: "replica", id: nodeId(2) }, "10.0.0.2");
  logins.note({ kind: "shard", id: "s1" }, "10.0.0.3");
  logins.note({ kind: "cluster", id: "c1" }, "10.0.0.4");
  const serial = "";
  expect(lines).toEqual([
    { level: "info", fields: { identity: "fleet://admin", serial, from: "10.0.0.1", times: 1 } },
    { level: "info", fields: { identity: "fleet://replica/2", serial, from: "10.0.0.2", times: 1 } },
    { level: "debug", fields: { identity: "fleet://shard/s1", serial, from: "10.0.0.3", times: 1 } },
    { level: "debug", fields: { identity: "fleet://cluster/c1", serial, from: "10.0.0.4", times: 1 } },
  ]);
  expect([...logins.counts.keys()]).toEqual(["admin", "replica", "shard", "cluster"]);
});

test("a storm of agents' logins fills no log, and hides no operator's", () => {
  const { lines, logins } = watched();
  for (let count = 0; count < 10_000; count += 1)
    logins.note({ kind: "cluster", id: `c${count}` }, "10.0.0.4");
  expect(lines.length).toBe(LINES_MAX);
  logins.note({ kind: "admin" }, "10.0.0.1");
  expect(lines.at(-1)).toMatchObject({ level: "info", fields: { identity: "fleet://admin" } });
  expect(logins.counts.get("cluster")).toBe(10_000);
});

test("one operator's logins from many networks are its share, and hide no other's", () => {
  const { lines, logins } = watched();
  for (let count = 0; count < 40; count += 1)
    logins.note({ kind: "operator", id: "readonly" }, `2001:db8:0:${count}::1`);
  expect(lines.length).toBe(SHARE_MAX);
  logins.note({ kind: "operator", id: "alice" }, "10.0.0.1");
  expect(lines.at(-1)).toMatchObject({ fields: { identity: "fleet://operator/alice" } });
});

test("addresses of one network are one line", () => {
  const { lines, logins } = watched();
  for (let count = 0; count < 40; count += 1)
    logins.note({ kind: "operator", id: "readonly" }, `2001:db8::${count}`);
  expect(lines.length).toBe(1);
});

test("logins of many operators take no line of an administrator", () => {
  const { lines, logins } = watched();
  for (let count = 0; count < 1_000; count += 1)
    logins.note({ kind: "operator", id: `o${count}` }, "10.0.0.4");
  expect(lines.length).toBe(LINES_MAX);
  logins.note({ kind: "admin" }, "10.0.0.1");
  expect(lines.at(-1)).toMatchObject({ fields: { identity: "fleet://admin" } });
});
