import { expect, test } from "vitest";
import {
  brief,
  drain,
  type OperationKind,
  provider,
  quota,
  Replica,
  register,
  removeShard,
} from "../replica.ts";

const SHARDS = [register("s1"), register("s2")];
const dropProvider = (name: string): OperationKind => ({ $case: "removeProvider", value: { name } });
const dropQuota = (region: string, expectedVersion?: number): OperationKind => ({
  $case: "removeQuota",
  value: { provider: "p", region, expectedVersion },
});

const place = (region: string, keepRegion: boolean): OperationKind => ({
  $case: "upsertProvider",
  value: { name: "p", address: "p:1", region, declaredQuota: 10, keepRegion },
});

test.each([
  { given: [place("eu", false)], when: place("", true), is: "eu", why: "it was not said" },
  { given: [place("eu", false)], when: place("us", false), is: "us", why: "it was said" },
  { given: [place("eu", false)], when: place("", false), is: "", why: "it was said to have none" },
  { given: [], when: place("", true), is: "", why: "there is none to keep" },
])("a provider's region is '$is' afterwards: $why", ({ given, when, is }) => {
  const replica = new Replica().applyAll([...given, when]);
  expect(replica.state.tables.providers.get("p")?.region).toBe(is);
});

test.each([
  { given: [], when: provider("p", 10), is: "changed v3", why: "new" },
  { given: [provider("p", 10)], when: provider("p", 10), is: "unchanged v3", why: "the same again" },
  { given: [provider("p", 10)], when: provider("p", 20), is: "changed v4", why: "more is fine" },
  {
    given: [provider("p", 10), quota("p", "r1", 6), quota("p", "r2", 4)],
    when: provider("p", 9),
    is: "QUOTA_EXCEEDED declared=9 provider=p sum=10",
    why: "what is given out is not taken back silently",
  },
  { given: [], when: quota("p", "r", 1), is: "PROVIDER_UNKNOWN provider=p", why: "no such provider" },
  {
    given: [provider("p", 10)],
    when: quota("p", "r", 10, { s1: 4, s2: 6 }),
    is: "changed v4",
    why: "exactly all of it",
  },
  {
    given: [provider("p", 10)],
    when: quota("p", "r", 10, { s1: 4, s2: 7 }),
    is: "QUOTA_EXCEEDED limit=10 sum=11",
    why: "slices beyond the limit",
  },
  {
    given: [provider("p", 10), quota("p", "r1", 6)],
    when: quota("p", "r2", 5),
    is: "QUOTA_EXCEEDED declared=10 provider=p sum=11",
    why: "limits beyond what the provider declares",
  },
  {
    given: [provider("p", 10), quota("p", "r1", 6)],
    when: quota("p", "r1", 10),
    is: "changed v5",
    why: "a row's old limit does not count against its new one",
  },
  {
    given: [provider("p", 10)],
    when: quota("p", "r", 1, { s9: 1 }),
    is: "SHARD_UNKNOWN shard=s9",
    why: "a slice for nobody",
  },
  {
    given: [provider("p", 10), removeShard("s2", true)],
    when: quota("p", "r", 5, { s1: 1, s2: 1 }),
    is: "SHARD_REMOVED shard=s2",
    why: "nobody is there to use it",
  },
  {
    given: [provider("p", 10), drain("s2")],
    when: quota("p", "r", 5, { s2: 1 }),
    is: "SHARD_DRAINING shard=s2",
    why: "nothing new",
  },
  {
    given: [provider("p", 10), quota("p", "r", 5, { s2: 2 }), drain("s2")],
    when: quota("p", "r", 9, { s2: 3 }),
    is: "SHARD_DRAINING shard=s2",
    why: "nor more than it has",
  },
  {
    given: [provider("p", 10), quota("p", "r", 5, { s1: 1, s2: 2 }), drain("s2")],
    when: quota("p", "r", 9, { s1: 3, s2: 2 }),
    is: "changed v6",
    why: "what it has stays, while another's slice grows",
  },
  {
    given: [provider("p", 10), quota("p", "r", 5, { s2: 2 }), drain("s2")],
    when: quota("p", "r", 5, { s2: 1 }),
    is: "changed v6",
    why: "less is on the way out",
  },
  {
    given: [provider("p", 10), removeShard("s2")],
    when: quota("p", "r", 5, { s1: 1, s2: 0 }),
    is: "changed v5",
    why: "nothing is no more than it had",
  },
  {
    given: [provider("p", 10), quota("p", "r", 5, { s2: 1, s1: 2 })],
    when: quota("p", "r", 5, { s1: 2, s2: 1 }),
    is: "unchanged v4",
    why: "the order of slices says nothing",
  },
  {
    given: [provider("p", 10), quota("p", "r", 5)],
    when: dropProvider("p"),
    is: "PROVIDER_IN_USE provider=p",
    why: "it still has quotas",
  },
  {
    given: [provider("p", 10), quota("p", "r", 5)],
    when: dropQuota("r", 3),
    is: "VERSION_CONFLICT actual=4 expected=3",
    why: "it changed since",
  },
  { given: [provider("p", 10), quota("p", "r", 5)], when: dropQuota("r", 4), is: "changed v0", why: "seen" },
  { given: [provider("p", 10)], when: dropQuota("r"), is: "unchanged v0", why: "idempotent" },
  { given: [provider("p", 10)], when: dropProvider("p"), is: "changed v0", why: "nothing hangs on it" },
])("$is: $why", ({ given, when, is }) => {
  const replica = new Replica().applyAll([...SHARDS, ...given]);
  expect(brief(replica.apply(when))).toBe(is);
});

test("a refusal shows the arithmetic", () => {
  const replica = new Replica().applyAll([...SHARDS, provider("p", 10)]);
  expect(replica.apply(quota("p", "r", 10, { s1: 4, s2: 7 })).result).toMatchObject({
    value: { message: "the slices s1 4 + s2 7 = 11 exceed the limit of 10" },
  });
});
