// A page token continues where a list ended. A token that this list cannot have given is refused. Read as a place in
// the list, it would list nothing, or too much, and say that this was all.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Caller } from "../../../../../src/core/coordinator/calls/caller.ts";
import type { ServiceContext } from "../../../../../src/core/coordinator/calls/context.ts";
import { membersList } from "../../../../../src/core/coordinator/membership/members.ts";
import { clustersList } from "../../../../../src/core/coordinator/services/lists/cluster-list.ts";
import {
  auditList,
  domainsList,
  featureGatesList,
  instructionsList,
  providersList,
  quotasList,
  sessionsList,
  shardsList,
} from "../../../../../src/core/coordinator/services/lists/lists.ts";
import { shortfallsList } from "../../../../../src/core/coordinator/services/lists/shortfall-list.ts";
import { MemberKind, type Operation } from "../../../../../src/core/wire/gen/fleet/v1/command.ts";
import { ListRequest, ReportShardRequest } from "../../../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { turns } from "../../../../turns.ts";
import { registerShard, type TestGroup } from "../../group.ts";
import { adminOf, ledGroup, refusalOf } from "../../service-context.ts";

type Rows = readonly unknown[];
type Answer = Readonly<Record<string, unknown>>;
type List = (context: ServiceContext, request: ListRequest, caller: Caller) => Promise<object>;

const LISTS: readonly {
  readonly name: string;
  readonly list: List;
  readonly rows: string;
  /** A key as this list's tokens hold it; null = it has one page only, and gives none. */
  readonly key: string | number | null;
}[] = [
  { name: "shards", list: shardsList, rows: "shards", key: "s1" },
  { name: "clusters", list: clustersList, rows: "clusters", key: "c1" },
  { name: "domains", list: domainsList, rows: "domains", key: "zone\0a" },
  { name: "audit", list: auditList, rows: "entries", key: 4 },
  { name: "quotas", list: quotasList, rows: "quotas", key: "p1\0r1" },
  { name: "providers", list: providersList, rows: "providers", key: "p1" },
  { name: "sessions", list: sessionsList, rows: "sessions", key: 4 },
  { name: "gates", list: featureGatesList, rows: "gates", key: null },
  { name: "instructions", list: instructionsList, rows: "instructions", key: "s1\0zone\0a" },
  { name: "shortfalls", list: shortfallsList, rows: "shortfalls", key: "4\x004\0s1\0c1\x000" },
  { name: "members", list: membersList, rows: "members", key: null },
];

/** Keys that no list has: whatever JSON may hold, and numbers that are no index. */
const NO_KEYS: readonly unknown[] = [null, true, {}, ["a"], -1, 1.5, 2 ** 53];
const token = (content: unknown) => Buffer.from(JSON.stringify(content)).toString("base64url");
/** Without what grows as time passes. */
const timeless = (rows: Rows) => JSON.stringify(rows).replace(/"\w*ageMs":\d+/gi, "");

let group: TestGroup;
let context: ServiceContext;
beforeAll(async () => {
  const led = await ledGroup(1);
  ({ group, context } = led);
  const n1 = {
    nodeId: 1,
    name: "n1",
    address: "127.0.0.1:1",
    wanted: MemberKind.VOTER,
    version: 0,
    sinceMs: 0,
  };
  for (const operation of [
    { kind: { $case: "foundMembers", value: { members: [n1] } } },
    ...["s1", "s2", "s3"].map(registerShard),
    ...["c1", "c2", "c3"].map((clusterId) => bound(clusterId)),
    ...["a", "b", "c"].map(assigned),
    ...["p1", "p2", "p3"].map(provided),
    ...["r1", "r2", "r3"].map(sliced),
    ...[1, 2, 3].map((): Operation => ({ kind: { $case: "openSession", value: {} } })),
  ] as Operation[]) {
    const settled = await group.propose(led.leader, operation);
    expect(settled).toMatchObject({ ok: true, result: { result: { $case: "applied" } } });
  }
  const shortfalls = ["c1", "c2", "c3"].map((clusterId) => ({ clusterId, priority: 1, ageCycles: 1 }));
  context.observed.take(ReportShardRequest.fromPartial({ shardId: "s1", epoch: 1, cycle: 1, shortfalls }), 0);
});
afterAll(() => group.close());

const bound = (clusterId: string): Operation => ({
  kind: { $case: "bindCluster", value: { clusterId, shardId: "s1" } },
});
const assigned = (value: string): Operation => ({
  kind: { $case: "assignDomain", value: { key: "zone", value, shardId: "s1" } },
});
const provided = (name: string): Operation => ({
  kind: {
    $case: "upsertProvider",
    value: { name, address: "h:1", region: "", keepRegion: false, declaredQuota: 100 },
  },
});
const sliced = (region: string): Operation => ({
  kind: { $case: "setQuota", value: { provider: "p1", region, limit: 10, slices: [] } },
});

async function load(list: List, pageToken: string, pageSize = 0): Promise<Answer> {
  const request = ListRequest.fromPartial({ pageToken, pageSize });
  return { ...(await group.until(list(context, request, adminOf(group)))) };
}

const refusalTo = (list: List, pageToken: string) =>
  refusalOf(group, list(context, ListRequest.fromPartial({ pageToken }), adminOf(group)));

describe.each(LISTS.filter(({ key }) => key !== null))("$name, in pages", ({ name, list, rows, key }) => {
  test("each row is on one page", async () => {
    const whole = (await load(list, ""))[rows] as Rows;
    expect(whole.length).toBeGreaterThan(2);
    const pages: unknown[] = [];
    let pageToken = "";
    const turn = turns("the last page");
    do {
      turn();
      const page = await load(list, pageToken, 1);
      pages.push(...(page[rows] as Rows));
      pageToken = String(page["nextPageToken"]);
    } while (pageToken !== "");
    expect(timeless(pages)).toEqual(timeless(whole));
  });

  test("its own kind of token is taken", async () => {
    expect(await refusalTo(list, token([key, name]))).toBe("");
    expect(await refusalTo(list, token([key])), "as older replicas give it").toBe("");
  });
});

describe.each(LISTS)("$name", ({ name, list, key }) => {
  test.each(LISTS.filter((other) => other.name !== name))("a token of $name is refused", async (other) => {
    expect(await refusalTo(list, token([other.key ?? "a", other.name]))).toBe("PAGE_TOKEN_INVALID");
  });

  test("and one that does not say whose it is by the kind of its key", async () => {
    expect(await refusalTo(list, token([typeof key === "number" ? "a" : 4]))).toBe("PAGE_TOKEN_INVALID");
  });

  test.each(NO_KEYS.map((no) => ({ no })))("$no is no key", async ({ no }) => {
    expect(await refusalTo(list, token([no]))).toBe("PAGE_TOKEN_INVALID");
  });

  test.each([
    { text: token([]), why: "no key" },
    { text: token([key ?? "a", key ?? "a"]), why: "two" },
    { text: token(key ?? "a"), why: "not as it was given" },
    { text: token({ 0: key ?? "a" }), why: "nor so" },
    { text: "x", why: "nothing at all" },
  ])("$text is no token: $why", async ({ text }) => {
    expect(await refusalTo(list, text)).toBe("PAGE_TOKEN_INVALID");
  });
});
