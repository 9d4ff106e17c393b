import { expect, test, vi } from "vitest";
import { Exit, OperatorError } from "../../src/core/base/errors.ts";
import type { TopEvent } from "../../src/ui/model/top-state.ts";
import { poll, pollOnce, type Source } from "../../src/ui/top-poller.ts";
import { topSources } from "../../src/ui/top-sources.ts";
import { TopStore } from "../../src/ui/top-store.ts";
import { clustersReply, fleetReply, shardsReply, upNode } from "../unit/ui/model/fixtures.ts";

const answers = () => ({
  status: vi.fn(async () => fleetReply([upNode(1)])),
  listShards: vi.fn(async () => shardsReply()),
  listClusters: vi.fn(async () => clustersReply()),
});

test("one round asks for nodes, shards and clusters", async () => {
  const events: TopEvent[] = [];
  await pollOnce(
    topSources(answers(), () => 7),
    (event) => events.push(event),
  );
  expect(events.map((event) => event.kind).toSorted()).toEqual(["clusters", "fleet", "shards"]);
});

test("a foreseen failure is an event; the other lists still come", async () => {
  const events: TopEvent[] = [];
  const unavailable = new OperatorError("UNAVAILABLE", { what: "no leader", exit: Exit.NoQuorum });
  const client = { ...answers(), listClusters: vi.fn().mockRejectedValue(unavailable) };
  await pollOnce(
    topSources(client, () => 7),
    (event) => events.push(event),
  );
  expect(events).toContainEqual({ kind: "problem", atMs: 7, message: "no leader" });
  expect(events).toHaveLength(3);
});

test("a bug in a source is not hidden", async () => {
  const client = { ...answers(), status: vi.fn().mockRejectedValue(new TypeError("a bug")) };
  await expect(
    pollOnce(
      topSources(client, () => 7),
      () => undefined,
    ),
  ).rejects.toThrow("a bug");
});

test("polling ends with its signal, even in the middle of a pause", async () => {
  const stop = new AbortController();
  const source: Source = { everyMs: 3_600_000, ask: async () => [] };
  const polling = poll([source], (event) => event.kind === "tick" && stop.abort(), stop.signal);
  await expect(polling).resolves.toBeUndefined();
});

test("the store shows keys at once and data with the next tick", () => {
  const store = new TopStore(0);
  const listener = vi.fn();
  store.subscribe(listener);
  store.dispatch({ kind: "fleet", atMs: 1, reply: fleetReply([upNode(1)]) });
  expect(listener).not.toHaveBeenCalled();
  store.dispatch({ kind: "tick", atMs: 2 });
  expect(store.snapshot().nodes).toHaveLength(1);
  store.dispatch({ kind: "action", action: { kind: "toggle-help" } });
  expect(listener).toHaveBeenCalledTimes(2);
});
