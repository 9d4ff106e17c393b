// A page of a list costs what it shows: rows of other shards, and names before and behind the page, are not looked at.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { ServiceContext } from "../../../../../src/core/coordinator/calls/context.ts";
import { clustersList } from "../../../../../src/core/coordinator/services/lists/cluster-list.ts";
import {
  domainsList,
  instructionsList,
  quotasList,
} from "../../../../../src/core/coordinator/services/lists/lists.ts";
import { OrderedMap } from "../../../../../src/core/fleet/tables/ordered-map.ts";
import { Table } from "../../../../../src/core/fleet/tables/table.ts";
import type { Operation } from "../../../../../src/core/wire/gen/fleet/v1/command.ts";
import { ListRequest, ReportShardRequest } from "../../../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { BindingState } from "../../../../../src/core/wire/gen/fleet/v1/views.ts";
import { turns } from "../../../../turns.ts";
import * as make from "../../../fleet/replica.ts";
import type { Member, TestGroup } from "../../group.ts";
import { adminOf, ledGroup } from "../../service-context.ts";

const CLUSTERS = Array.from({ length: 60 }, (_, at) => `c${String(at).padStart(2, "0")}`);

let group: TestGroup;
let leader: Member;
let context: ServiceContext;
beforeEach(async () => {
  ({ group, leader, context } = await ledGroup(1));
  for (const shard of ["s1", "s2"]) await write(make.register(shard));
  await write(make.provider("p", 9));
  await write(make.quota("p", "east", 2, { s1: 1 }));
  await write(make.quota("p", "west", 2, { s2: 1 }));
  for (let at = 0; at < 60; at += 1) {
    await write(make.assign("k", `v${String(at).padStart(2, "0")}`, at % 20 === 0 ? "s2" : "s1"));
    // Every third was only ever seen.
    if (at % 3 > 0) await write(make.bind(CLUSTERS[at] ?? "", at % 20 === 1 ? "s2" : "s1"));
  }
  const bindings = CLUSTERS.filter((_, at) => at % 2 === 0).map((clusterId) => ({
    ...{ clusterId, state: BindingState.BOUND, version: 1, session: true },
  }));
  const report = { shardId: "s1", address: "s1:1", epoch: 1, cycle: 1, bindings };
  context.observed.take(ReportShardRequest.fromPartial(report), 0);
});
afterEach(() => {
  vi.restoreAllMocks();
  group.close();
});

const write = (kind: NonNullable<Operation["kind"]>) => group.propose(leader, { kind });

/** Counts the entries that are read one after the other, whichever map they are in. */
function readEntries(): () => number {
  let count = 0;
  for (const name of ["values", "keys"] as const) {
    const read = OrderedMap.prototype[name];
    vi.spyOn(OrderedMap.prototype, name).mockImplementation(function* (
      this: OrderedMap<string, unknown>,
      from,
    ) {
      for (const entry of read.call(this, from) as Iterable<never>) {
        count += 1;
        yield entry;
      }
    });
  }
  return () => count;
}

const ask = (parts: Parameters<typeof ListRequest.fromPartial>[0]) => ListRequest.fromPartial(parts);

test("of one shard's domains, quotas and instructions, none of another's are looked at", async () => {
  const request = ask({ filter: { shardId: "s2" } });
  const all = vi.spyOn(Table.prototype, "rows");
  const { domains } = await group.until(domainsList(context, request, adminOf(group)));
  expect(domains.map(({ value }) => value)).toEqual(["v00", "v20", "v40"]);
  const { quotas } = await group.until(quotasList(context, request, adminOf(group)));
  expect(quotas.map(({ region }) => region)).toEqual(["west"]);
  expect(all).not.toHaveBeenCalled();
  const count = readEntries();
  const { instructions } = await group.until(instructionsList(context, request, adminOf(group)));
  expect(instructions.map(({ value }) => value)).toEqual(["v00", "v20", "v40"]);
  expect(count()).toBe(3);
});

test("pages of clusters, declared and only seen, are in order and cost their own length", async () => {
  const names: string[] = [];
  const turn = turns("the last page");
  for (let pageToken = ""; names.length === 0 || pageToken !== ""; ) {
    turn();
    const count = readEntries();
    const request = ask({ pageSize: 6, pageToken });
    const page = await group.until(clustersList(context, request, adminOf(group)));
    vi.restoreAllMocks();
    // Its rows and the one behind, from two maps; and all shards, for what is not observed of them.
    expect(count()).toBeLessThanOrEqual(2 * 8 + 2);
    names.push(...page.clusters.map(({ clusterId }) => clusterId));
    pageToken = page.nextPageToken;
  }
  expect(names).toEqual(CLUSTERS.filter((_, at) => at % 3 > 0 || at % 2 === 0));
});

test("a shard's clusters are those declared to it and those seen there, page after page", async () => {
  const names: string[] = [];
  const turn = turns("the last page");
  for (let pageToken = ""; names.length === 0 || pageToken !== ""; ) {
    turn();
    const request = ask({ pageSize: 2, pageToken, filter: { shardId: "s2" } });
    const page = await group.until(clustersList(context, request, adminOf(group)));
    names.push(...page.clusters.map(({ clusterId }) => clusterId));
    pageToken = page.nextPageToken;
  }
  expect(names).toEqual(["c01", "c41"]);
});
