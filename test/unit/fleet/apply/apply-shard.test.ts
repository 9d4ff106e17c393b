import { expect, test } from "vitest";
import { listShards } from "../../../../src/core/fleet/query.ts";
import { ShardState } from "../../../../src/core/wire/gen/fleet/v1/command.ts";
import { brief, Replica, register } from "../replica.ts";

test.each([
  { when: register("s2"), is: "changed v1", why: "an unknown shard is added" },
  { when: register("s1", "a:1", 5), is: "unchanged v1", why: "the same registration again says nothing new" },
  { when: register("s1", "b:1", 6), is: "changed v2", why: "a restarted shard may have moved" },
  { when: register("s1", "a:1", 6), is: "changed v2", why: "a higher epoch counts even at the same address" },
  {
    when: register("s1", "b:1", 4),
    is: "EPOCH_STALE epoch=5 shard=s1",
    why: "an older process must not take the address back",
  },
  {
    when: register("s1", "b:1", 5),
    is: "SHARD_ADDRESS_CONFLICT address=a:1 epoch=5 shard=s1",
    why: "two processes claim the same epoch",
  },
  { when: register("S1"), is: "INVALID_NAME field=shard", why: "names are lower case" },
  { when: register("s3", ""), is: "INVALID_ADDRESS", why: "nobody could dial an empty address" },
  {
    when: register("s3", "a\nb:1"),
    is: "INVALID_ADDRESS",
    why: "a control character would garble every list",
  },
  { when: register("s3", "a".repeat(260)), is: "INVALID_ADDRESS", why: "an address is bounded" },
])("$is: $why", ({ when, is }) => {
  const replica = new Replica().applyAll([register("s1", "a:1", 5)]);
  expect(brief(replica.apply(when))).toBe(is);
});

test("a shard keeps the time of its first registration", () => {
  const replica = new Replica();
  replica.apply(register("s1", "a:1", 1), { atMs: 10 });
  replica.apply(register("s1", "b:1", 2), { atMs: 20 });
  expect(listShards(replica.state)).toEqual([
    {
      ...{ shardId: "s1", address: "b:1", epoch: 2, registeredAtMs: 10, version: 2 },
      ...{ region: "", zone: "", state: ShardState.ACTIVE },
    },
  ]);
});
