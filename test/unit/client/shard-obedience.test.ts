// The wait for a shard's report that obeys this fleet.

import { expect, test } from "vitest";
import { waitUntilObeys } from "../../../src/client/shard-obedience.ts";
import { present } from "../../../src/core/base/assert.ts";
import { Exit } from "../../../src/core/base/errors.ts";
import type { ShardView } from "../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { shardsReply, shardView } from "../ui/model/fixtures.ts";

const obeying = shardView("s1");
const observed = present(obeying.observed, "it has reported");
const disobeying = shardView("s1", {
  observed: { ...observed, other: { id: "another", epoch: 2, term: 3 } },
});
const unheard = shardView("s1", { observed: undefined });

/** A fleet that says one after the other of its shard, and then the last for ever. */
function saying(...views: readonly ShardView[]) {
  let looks = 0;
  const listShards = async () => {
    const view = views[Math.min(looks, views.length - 1)];
    looks += 1;
    return shardsReply(...(view === undefined ? [] : [view]));
  };
  return { client: { listShards }, looks: () => looks };
}

test("the wait ends with the first report that obeys", async () => {
  const { client, looks } = saying(unheard, disobeying, obeying, disobeying);
  await waitUntilObeys(client, "s1", 60_000);
  expect(looks()).toBe(3);
});

test.each([
  { view: disobeying, says: "shard s1 still obeyed another incarnation in its last report" },
  { view: unheard, says: "shard s1 has not reported to this leader yet" },
])("a wait that times out says why: $says", async ({ view, says }) => {
  const wait = waitUntilObeys(saying(view).client, "s1", 0);
  await expect(wait).rejects.toMatchObject({
    code: "SHARD_DISOBEYS",
    parts: { what: says, exit: Exit.TimedOut },
  });
});

test("of a shard that never registered nothing is waited for", async () => {
  await expect(waitUntilObeys(saying().client, "s1", 60_000)).rejects.toMatchObject({
    code: "SHARD_UNKNOWN",
  });
});
