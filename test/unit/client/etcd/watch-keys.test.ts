// A watch shows each change once, whatever happens to its streams.

import { expect, test, vi } from "vitest";
import { prefixRange } from "../../../../src/client/etcd/key-range.ts";
import { type Watched, watchKeys } from "../../../../src/client/etcd/watch-keys.ts";
import { WatchPosition } from "../../../../src/client/etcd/watch-position.ts";
import { Exit } from "../../../../src/core/base/errors.ts";
import { WatchResponse } from "../../../../src/core/wire/gen/etcd/etcdserverpb/rpc.ts";
import { failureOf } from "../local/fakes.ts";
import { FakeStore } from "./fake-store.ts";

const revisionsOf = (seen: Watched): number[] =>
  seen.kind === "events" ? seen.events.map(({ kv }) => kv?.modRevision ?? 0) : [];

function watching(fromRevision: number | null) {
  const over = new AbortController();
  const range = prefixRange(Buffer.from("a/"));
  return { over, watch: { ...range, fromRevision, prevKv: false, signal: over.signal } };
}

test("a stream that ends is continued at the next endpoint, without a gap and without a repeated change", async () => {
  const store = await FakeStore.start(2);
  store.put("a/1");
  const { over, watch } = watching(2);
  const shown: number[] = [];
  let began = 0;
  for await (const seen of watchKeys(store.client(), watch)) {
    shown.push(...revisionsOf(seen));
    if (seen.kind === "began") began += 1;
    if (shown.length === 1 && began === 1) {
      // Made while no stream is there.
      for (const node of store.nodes) node.cutWatches();
      store.put("a/2");
      store.put("b/1");
      store.delete("a/1");
    }
    if (shown.length === 3) over.abort();
  }
  expect(shown).toEqual([2, 3, 5]);
  expect(began).toBe(2);
  expect(store.calls).toEqual(["watch@0", "watch@1"]);
});

test("it begins after the present without --rev, and ends when it is aborted", async () => {
  const store = await FakeStore.start();
  store.put("a/1");
  const { over, watch } = watching(null);
  const shown: number[] = [];
  for await (const seen of watchKeys(store.client(), watch)) {
    if (seen.kind === "began") store.put("a/2");
    shown.push(...revisionsOf(seen));
    if (shown.length > 0) over.abort();
  }
  expect(shown).toEqual([3]);
});

test("changes that were compacted before they were shown are reported, with the revision to continue from", async () => {
  const store = await FakeStore.start();
  for (const key of ["a/1", "a/2", "a/3"]) store.put(key);
  store.apply({ $case: "compaction", value: { revision: 4, physical: false } });
  const { watch } = watching(2);
  const failure = await failureOf(
    (async () => {
      for await (const _ of watchKeys(store.client(), watch));
    })(),
  );
  expect(failure).toMatchObject({
    code: "REVISION_COMPACTED",
    exit: Exit.Precondition,
    current: "4",
  });
});

test("an endpoint that is down is left, and the trouble is told", async () => {
  const store = await FakeStore.start(2);
  store.nodes[0]?.stop();
  store.put("a/1");
  const { over, watch } = watching(2);
  const onTrouble = vi.fn();
  for await (const seen of watchKeys(store.client(), { ...watch, onTrouble })) {
    if (seen.kind === "events") over.abort();
  }
  expect(store.calls).toEqual(["watch@1"]);
});

test.each([
  { why: "an event again", given: { events: [4, 5] }, shown: [], next: 6 },
  { why: "a progress notification", given: { at: 9, events: [] }, shown: [], next: 10 },
  { why: "some events again", given: { events: [5, 6] }, shown: [6], next: 7 },
])("a position at revision 5 takes $why: it continues at $next", ({ given, shown, next }) => {
  const position = new WatchPosition(6);
  const events = given.events.map((modRevision) => ({ kv: { modRevision } }));
  const response = WatchResponse.fromPartial({ header: { revision: given.at ?? 6 }, events });
  expect(position.take(response).map(({ kv }) => kv?.modRevision)).toEqual(shown);
  expect(position.startRevision).toBe(next);
});

test("a reconnect's answer does not move a position that is already known", () => {
  const position = new WatchPosition(6);
  position.take(WatchResponse.fromPartial({ created: true, header: { revision: 20 } }));
  expect(position.startRevision).toBe(6);
});
