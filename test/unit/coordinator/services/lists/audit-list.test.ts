// The audit log from either end, page after page.

import { afterEach, beforeEach, expect, test } from "vitest";
import type { ServiceContext } from "../../../../../src/core/coordinator/calls/context.ts";
import { auditList, domainsList } from "../../../../../src/core/coordinator/services/lists/lists.ts";
import { ListRequest } from "../../../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { readRpcError } from "../../../../../src/core/wire/rpc-error.ts";
import { turns } from "../../../../turns.ts";
import { registerShard, type TestGroup } from "../../group.ts";
import { adminOf, ledGroup } from "../../service-context.ts";

let group: TestGroup;
let context: ServiceContext;
/** Of the entries, oldest first. */
let indexes: number[];
beforeEach(async () => {
  const led = await ledGroup(1);
  ({ group, context } = led);
  const { leader } = led;
  for (const shard of ["s1", "s2", "s3", "s4", "s5"]) await group.propose(leader, registerShard(shard));
  indexes = [...leader.machine.view.tables.audit.rows()].map(({ index }) => index);
});
afterEach(() => group.close());

async function all(parts: Parameters<typeof ListRequest.fromPartial>[0]): Promise<number[][]> {
  const pages: number[][] = [];
  let pageToken = "";
  const turn = turns("the last page");
  do {
    turn();
    const request = ListRequest.fromPartial({ ...parts, pageToken });
    const page = await group.until(auditList(context, request, adminOf(group)));
    pages.push(page.entries.map(({ index }) => index));
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  return pages;
}

test("oldest first by default", async () => {
  const [a, b, c, d, e] = indexes;
  expect(await all({ pageSize: 2 })).toEqual([[a, b], [c, d], [e]]);
});

test("from the newest back when asked, also above an index only", async () => {
  const [a, b, c, d, e] = indexes;
  expect(await all({ pageSize: 2, newestFirst: true })).toEqual([[e, d], [c, b], [a]]);
  const filter = { afterIndex: b ?? 0 };
  expect(await all({ pageSize: 2, newestFirst: true, filter })).toEqual([[e, d], [c]]);
});

test("a list without a newest row refuses the order, rather than to ignore it", async () => {
  const asked = domainsList(context, ListRequest.fromPartial({ newestFirst: true }), adminOf(group));
  const failure = await group.until(asked.then(() => null, readRpcError));
  expect(failure?.reason).toBe("ORDER_UNKNOWN");
});
