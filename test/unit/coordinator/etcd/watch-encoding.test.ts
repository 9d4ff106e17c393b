// The bytes of watchers' answers are those of the generated encoder, whether a list is short or long enough to be kept.

import { expect, test } from "vitest";
import { cutEvents } from "../../../../src/core/coordinator/etcd/watch/cut-events.ts";
import { SHARED_LIST_MIN } from "../../../../src/core/coordinator/etcd/watch/per-list.ts";
import {
  bytesOfAll,
  encodeWatchResponse,
} from "../../../../src/core/coordinator/etcd/watch/watch-encoding.ts";
import { KeySpace } from "../../../../src/core/kv/key-space.ts";
import { WatchResponse } from "../../../../src/core/wire/gen/etcd/etcdserverpb/rpc.ts";
import { apply, put } from "./key-commands.ts";

const eventsOf = (count: number) => {
  const space = new KeySpace();
  const made = Array.from({ length: count }, (_, at) => apply(space, put(`key-${at}`, "x".repeat(at))));
  return made.flat().flatMap(({ events }) => [...events]);
};

test.each([0, 1, SHARED_LIST_MIN - 1, SHARED_LIST_MIN, 300])("an answer of %i events", (count) => {
  const events = eventsOf(count);
  const response = WatchResponse.fromPartial({ watchId: "7", fragment: true, events });
  const wanted = Buffer.from(WatchResponse.encode(response).finish());
  for (let times = 0; times < 2; times += 1) {
    expect(encodeWatchResponse({ ...response, events }).equals(wanted)).toBe(true);
    expect(WatchResponse.decode(wanted).events).toHaveLength(count);
  }
  // Its tags and lengths have at most six bytes each.
  expect(bytesOfAll(events)).toBeLessThanOrEqual(wanted.length + 4 * count);
});

test("a long list is cut once for all watchers that get it", () => {
  const events = eventsOf(SHARED_LIST_MIN);
  expect(cutEvents(events)).toBe(cutEvents(events));
  expect(cutEvents([...events])).toEqual(cutEvents(events));
});
