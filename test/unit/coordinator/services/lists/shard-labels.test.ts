// A list of shards and a plan of migrations see the same labels of a shard: its own, its region and its zone.

import { afterAll, beforeAll, expect, test } from "vitest";
import type { ServiceContext } from "../../../../../src/core/coordinator/calls/context.ts";
import { shardsList } from "../../../../../src/core/coordinator/services/lists/lists.ts";
import type { Operation } from "../../../../../src/core/wire/gen/fleet/v1/command.ts";
import { ListRequest } from "../../../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import type { TestGroup } from "../../group.ts";
import { adminOf, ledGroup } from "../../service-context.ts";

const registered = (shardId: string, region: string, zone: string): Operation => ({
  kind: { $case: "registerShard", value: { shardId, address: `${shardId}:1`, epoch: 1, region, zone } },
});

let group: TestGroup;
let context: ServiceContext;
beforeAll(async () => {
  const led = await ledGroup(1);
  ({ group, context } = led);
  for (const operation of [
    registered("s1", "eu", "eu-1a"),
    registered("s2", "eu", ""),
    registered("s3", "", ""),
  ])
    await group.propose(led.leader, operation);
});
afterAll(() => group.close());

test.each([
  { labelSelector: "zone=eu-1a", shards: ["s1"] },
  { labelSelector: "region=eu", shards: ["s1", "s2"] },
  { labelSelector: "!zone", shards: ["s2", "s3"] },
  { labelSelector: "", shards: ["s1", "s2", "s3"] },
])("$labelSelector lists $shards", async ({ labelSelector, shards }) => {
  const request = ListRequest.fromPartial({ filter: { labelSelector } });
  const listed = await group.until(shardsList(context, request, adminOf(group)));
  expect(listed.shards.map(({ shard }) => shard?.shardId)).toEqual(shards);
});
