import { expect, test, vi } from "vitest";
import type { FleetStatus } from "../../src/client/fleet-status.ts";
import { Exit, OperatorError } from "../../src/core/base/errors.ts";
import type { TopEvent } from "../../src/ui/model/top-state.ts";
import { poll, pollOnce, type Source } from "../../src/ui/top-poller.ts";
import { liveSources, onceSources } from "../../src/ui/top-sources.ts";
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
    onceSources(answers(), () => 7),
    (event) => events.push(event),
  );
  expect(events.map((event) => event.kind).toSorted()).toEqual(["clusters", "fleet", "shards"]);
});

test("a foreseen failure is an event; the other lists still come", async () => {
  const events: TopEvent[] = [];
  const unavailable = new OperatorError("UNAVAILABLE", { what: "no leader", exit: Exit.NoQuorum });
  const client = { ...answers(), listClusters: vi.fn().mockRejectedValue(unavailable) };
  await pollOnce(
    onceSources(client, () => 7),
    (event) => events.push(event),
  );
  expect(events).toContainEqual({ kind: "problem", atMs: 7, message: "no leader" });
  expect(events).toHaveLength(3);
});

test("a bug in a source is not hidden", async () => {
  const client = { ...answers(), status: vi.fn().mockRejectedValue(new TypeError("a bug")) };
  await expect(
    pollOnce(
      onceSources(client, () => 7),
      () => undefined,
    ),
  ).rejects.toThrow("a bug");
});

test("polling ends with its signal, even in the middle of a pause", async () => {
  const stop = new AbortController();
  const source: Source = { everyMs: 3_600_000, ask: async () => [] };
  const polling = poll(
    () => [source],
    (event) => event.kind === "tick" && stop.abort(),
    stop.signal,
  );
  await expect(polling).resolves.toBeUndefined();
});

test("a node learned while polling is followed from then on, and each node by itself", async () => {
  const stop = new AbortController();
  const asked: string[] = [];
  const watch = {
    addresses: ["a"],
    follow: async (address: string, tell: (fleet: FleetStatus) => void) => {
      asked.push(address);
      watch.addresses = ["a", "b"];
      if (asked.includes("b")) stop.abort();
      tell(fleetReply([upNode(1)]));
    },
  };
  const sources = liveSources(watch, answers(), () => 7);
  await poll(sources, () => undefined, stop.signal);
  expect(asked).toContain("b");
  expect(sources()).toHaveLength(4);
});

test("a source that hangs delays neither the others nor the end", async () => {
  const stop = new AbortController();
  const hanging: Source = { everyMs: 1, ask: () => new Promise(() => undefined) };
  const answering: Source = { everyMs: 1, ask: async () => [{ kind: "problem", atMs: 1, message: "heard" }] };
  const heard = (event: TopEvent) => event.kind === "problem" && stop.abort();
  await expect(poll(() => [hanging, answering], heard, stop.signal)).resolves.toBeUndefined();
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
