import { describe, expect, test } from "vitest";
import { previewAssign, previewBind, previewUnassign } from "../../../../src/ui/model/preview.ts";
import { clusterView, shardView } from "./fixtures.ts";

const shards = [shardView("s1"), shardView("s2")];
const clusters = [clusterView("c1")];
const zone = { key: "zone", value: "a" };
const domains = [{ ...zone, shardId: "s1", version: 3 }];

test.each([
  { cluster: "new", shard: "s2", kind: "change", says: "would bind cluster new to shard s2", why: "" },
  { cluster: "c1", shard: "s1", kind: "no-change", says: "already", why: "the same again changes nothing" },
  {
    cluster: "c1",
    shard: "s2",
    kind: "refused",
    says: "bound to shard s1",
    why: "the first declaration wins",
  },
  { cluster: "new", shard: "s9", kind: "refused", says: "no shard s9", why: "" },
  { cluster: "ünïcode", shard: "s1", kind: "refused", says: "cannot name a cluster", why: "" },
])("bind $cluster to $shard: $kind $why", ({ cluster, shard, kind, says }) => {
  const preview = previewBind({ shards, clusters }, cluster, shard);
  expect(preview.kind).toBe(kind);
  expect(preview.what).toContain(says);
});

describe("domains", () => {
  const other = { key: "zone", value: "b" };
  test.each([
    { domain: other, shard: "s1", version: undefined, kind: "change", why: "free" },
    { domain: zone, shard: "s1", version: undefined, kind: "no-change", why: "the same again" },
    { domain: zone, shard: "s2", version: undefined, kind: "refused", why: "a move needs the version" },
    { domain: zone, shard: "s2", version: 3, kind: "change", why: "the version is right" },
    { domain: zone, shard: "s2", version: 2, kind: "refused", why: "somebody was faster" },
    { domain: zone, shard: "s1", version: 0, kind: "refused", why: "0 means that it must be absent" },
    { domain: other, shard: "s9", version: undefined, kind: "refused", why: "no such shard" },
  ])("assign to $shard at $version: $kind, $why", ({ domain, shard, version, kind }) => {
    expect(previewAssign({ shards, domains }, domain, shard, version).kind).toBe(kind);
  });
  test.each([
    { domain: zone, version: undefined, kind: "change", why: "" },
    { domain: other, version: undefined, kind: "no-change", why: "nothing to take" },
    { domain: zone, version: 1, kind: "refused", why: "somebody was faster" },
  ])("unassign at $version: $kind $why", ({ domain, version, kind }) => {
    expect(previewUnassign({ domains }, domain, version).kind).toBe(kind);
  });
});
