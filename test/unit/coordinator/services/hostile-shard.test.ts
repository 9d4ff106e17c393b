// What a shard's certificate may make a leader write down: sizes, first contacts, names, registrations. (Issue 11: a
// shard's certificate deposed leaders, and took 3 000 names in 1.4 s.)

import { setImmediate as nextPass } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { ServiceContext } from "../../../../src/core/coordinator/calls/context.ts";
import { reportShard, reportUnread } from "../../../../src/core/coordinator/services/report-shard.ts";
import { submit } from "../../../../src/core/coordinator/services/writes/submit.ts";
import {
  InstructionKind,
  InstructionOutcome,
  type Operation,
} from "../../../../src/core/wire/gen/fleet/v1/command.ts";
import { ReportShardRequest, SubmitRequest } from "../../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { BindingState } from "../../../../src/core/wire/gen/fleet/v1/views.ts";
import { reasonOf } from "../../../../src/core/wire/rpc-error.ts";
import type { Identity } from "../../../../src/core/wire/tls/identity.ts";
import { turns } from "../../../turns.ts";
import type { Member, TestGroup } from "../group.ts";
import { adminOf, asItComes, ledGroup, refusalOf } from "../service-context.ts";

const QUOTA = 300;

let group: TestGroup;
let leader: Member;
let context: ServiceContext;
beforeEach(async () => {
  ({ group, leader, context } = await ledGroup(3));
  context = { ...context, firstContactsMax: QUOTA };
});
afterEach(() => group.close());

const evil = { kind: "shard", id: "evil" } as const;
const asked = (parts: Parameters<typeof ReportShardRequest.fromPartial>[0]) =>
  ReportShardRequest.fromPartial({ shardId: "evil", address: "evil:1", epoch: 1, cycle: 1, ...parts });
const reporting = (request: ReportShardRequest, identity: Identity = evil) =>
  reportShard(context, asItComes(request), { identity, deadline: group.nowMs + 5_000 });
const contacts = (count: number, prefix = "taken") =>
  Array.from({ length: count }, (_, at) => ({
    clusterId: `${prefix}-${at}`,
    state: BindingState.BOUND,
    session: true,
  }));
const bindings = () => context.machine.view.tables.bindings;
const change = (kind: Operation["kind"]) => group.propose(leader, { kind });

test("of fifty thousand first contacts in one report a few are proposed at once", async () => {
  const proposed = watchProposals();
  await group.until(reporting(asked({ bindings: contacts(50_000) })));
  expect(proposed.count).toBe(QUOTA + 1);
  expect(proposed.atOnceMost).toBe(64);
});

test("nor do a hundred shards together propose more than twice as many at once, beside registering", async () => {
  const proposed = watchProposals();
  const reports = Array.from({ length: 100 }, (_, at) => {
    const shardId = `evil-${at}`;
    const request = asked({ shardId, address: `${shardId}:1`, bindings: contacts(200, shardId) });
    return reporting(request, { kind: "shard", id: shardId });
  });
  await group.until(Promise.all(reports));
  expect(proposed.atOnceMost).toBeLessThanOrEqual(128 + 100);
});

test("names beyond the quota are refused, told and counted, and take no entry", async () => {
  for (let cycle = 1; cycle <= 3; cycle++) {
    const answer = await group.until(reporting(asked({ cycle, bindings: contacts(3_000) })));
    expect(answer.firstContactsRefused).toBe(3_000 - QUOTA);
  }
  expect(bindings().size).toBe(QUOTA);
  const { appliedIndex } = context.driver;
  await group.until(reporting(asked({ cycle: 4, bindings: contacts(3_000) })));
  expect(context.driver.appliedIndex).toBe(appliedIndex);
  expect(context.refusedWrites.counts.get("first_contact_quota")).toBe(4 * (3_000 - QUOTA));
});

test("another shard has a quota of its own, and an operator none", async () => {
  await group.until(reporting(asked({ bindings: contacts(3_000) })));
  const good = asked({ shardId: "good", address: "good:1", bindings: contacts(10, "good") });
  const answer = await group.until(reporting(good, { kind: "shard", id: "good" }));
  expect(answer.firstContactsRefused).toBeUndefined();
  const lab = asked({ shardId: "lab", address: "lab:1", bindings: contacts(400, "lab") });
  expect((await group.until(reporting(lab, { kind: "admin" }))).firstContactsRefused).toBeUndefined();
  expect(bindings().size).toBe(QUOTA + 410);
});

test("what an operator declares to the shard makes no use of its quota", async () => {
  await group.until(reporting(asked({})));
  for (let at = 0; at < 50; at++)
    await change({ $case: "bindCluster", value: { clusterId: `declared-${at}`, shardId: "evil" } });
  await group.until(reporting(asked({ cycle: 2, bindings: contacts(3_000) })));
  expect(bindings().size).toBe(QUOTA + 50);
});

test("a shard within its quota declares all of its clusters with the reports that follow", async () => {
  context = { ...context, firstContactsMax: 2_000 };
  for (let cycle = 1; cycle <= 4; cycle++)
    await group.until(reporting(asked({ cycle, bindings: contacts(1_500) })));
  expect(bindings().size).toBe(1_500);
});

test("an answer's words of 100 kB become an entry of a few hundred bytes, and those of megabytes are refused", async () => {
  await group.until(reporting(asked({})));
  await change({ $case: "assignDomain", value: { key: "rack", value: "r1", shardId: "evil" } });
  const [told] = [...context.machine.view.tables.instructions.rows()];
  expect(told?.kind).toBe(InstructionKind.ASSIGN_DOMAIN);
  const proposed = watchProposals();
  const ack = {
    key: "rack",
    value: "r1",
    sequence: told?.sequence ?? 0,
    outcome: InstructionOutcome.FAILED,
    detail: "x".repeat(100_000),
  };
  await group.until(reporting(asked({ cycle: 2, acks: [ack] })));
  const [row] = [...context.machine.view.tables.instructions.rows()];
  expect(row?.detail).toHaveLength(256);
  expect(proposed.count).toBe(1);
  expect(proposed.bytesMost).toBeLessThan(1_000);
  const longer = asked({ cycle: 3, acks: [{ ...ack, detail: "x".repeat(3_000_000) }] });
  expect(await refusalOf(group, reporting(longer))).toBe("REQUEST_TOO_LARGE");
});

/** What is proposed from now on. */
function watchProposals() {
  const proposed = { count: 0, bytesMost: 0, atOnceMost: 0 };
  let atOnce = 0;
  const { driver } = context;
  const watched: typeof driver.propose = async (data, deadline) => {
    proposed.count += 1;
    proposed.bytesMost = Math.max(proposed.bytesMost, data.length);
    atOnce += 1;
    proposed.atOnceMost = Math.max(proposed.atOnceMost, atOnce);
    return await driver.propose(data, deadline).finally(() => {
      atOnce -= 1;
    });
  };
  const proxied = new Proxy(driver, {
    get: (target, name) => {
      if (name === "propose") return watched;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  context = { ...context, driver: proxied };
  return proposed;
}

test("a shard that registers again with each report is paced, and then taken again", async () => {
  const reasons: string[] = [];
  for (let epoch = 1; epoch <= 30; epoch++) reasons.push(await refusalOf(group, reporting(asked({ epoch }))));
  expect(reasons.filter((reason) => reason === "").length).toBeLessThan(15);
  expect(new Set(reasons)).toEqual(new Set(["", "REGISTERS_TOO_OFTEN"]));
  expect(context.refusedWrites.counts.get("registration_pace")).toBeGreaterThan(10);
  await group.run(200);
  expect(await refusalOf(group, reporting(asked({ epoch: 99 })))).toBe("");
});

test("a shard that reports more rows than a leader can look at is told to come later", async () => {
  const huge = (cycle: number) => refusalOf(group, reporting(asked({ cycle, bindings: contacts(50_000) })));
  expect(await huge(1)).toBe("");
  expect(await huge(2)).toBe("REPORTS_TOO_OFTEN");
  expect(context.observed.report("evil")?.cycle).toBe(1);
  await group.run(60);
  expect(await huge(3)).toBe("");
  expect(context.refusedWrites.counts.get("report_pace")).toBe(1);
});

test("a shard of a thousand clusters may report as often as it has news", async () => {
  context = { ...context, firstContactsMax: 0 };
  for (let cycle = 1; cycle <= 50; cycle++) {
    expect(await refusalOf(group, reporting(asked({ cycle, bindings: contacts(1_000) })))).toBe("");
  }
});

const bind = (clusterId: string): Operation => ({
  kind: { $case: "bindCluster", value: { clusterId, shardId: "s1" } },
});
const submitted = (operation: Operation) =>
  refusalOf(group, submit(context, SubmitRequest.fromPartial({ operation }), adminOf(group)));

test.each([
  { name: "x".repeat(100_000), reason: "COMMAND_TOO_LARGE", entries: 0, why: "a name of 100 kB" },
  { name: "x".repeat(254), reason: "INVALID_NAME", entries: 1, why: "a name that the tables judge" },
])("$why is refused before it is an entry, or by the tables: $reason", async ({ name, reason, entries }) => {
  const { appliedIndex } = context.driver;
  expect(await submitted(bind(name))).toBe(reason);
  expect(context.driver.appliedIndex - appliedIndex).toBe(entries);
});

test("writes that are too large are counted", async () => {
  const name = "x".repeat(100_000);
  for (const operation of [
    bind(name),
    { kind: { $case: "drainShard", value: { shardId: name } } } as const,
  ]) {
    expect(await submitted(operation)).toBe("COMMAND_TOO_LARGE");
  }
  expect(context.refusedWrites.counts.get("command_too_large")).toBe(2);
});

test("a large report is refused when its length is known: by a follower, while one is read, and beyond the pace", async () => {
  const MEGABYTE = 1024 * 1024;
  const unread = (bytes: number, identity: Identity = evil, at = context) => {
    const refused = reportUnread(at, identity, bytes);
    return refused === null ? "read" : reasonOf(refused);
  };
  expect(unread(15 * MEGABYTE)).toBe("read");
  const [, follower] = group.members.filter(({ driver }) => driver.role !== "leader");
  if (follower === undefined) throw new Error("a group has followers");
  const elsewhere = { ...context, driver: follower.driver };
  expect([unread(MEGABYTE, evil, elsewhere), unread(1_000, evil, elsewhere)]).toEqual(["NOT_LEADER", "read"]);
  const reported = reporting(asked({ bindings: contacts(40_000) }));
  const turn = turns("the report is being looked at");
  for (; !context.observed.isTaking("evil"); await nextPass()) turn();
  expect(unread(MEGABYTE)).toBe("REPORTS_TOO_OFTEN");
  expect([unread(MEGABYTE, { kind: "admin" }), unread(1_000)]).toEqual(["read", "read"]);
  await group.until(reported);
  expect([unread(15 * MEGABYTE), unread(MEGABYTE)], "what is left of the pace").toEqual([
    "REPORTS_TOO_OFTEN",
    "read",
  ]);
});
