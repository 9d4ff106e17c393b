import { describe, expect, test, vi } from "vitest";
import type { FleetStatus } from "../../src/client/fleet-status.ts";
import { Exit, OperatorError } from "../../src/core/base/errors.ts";
import type { DataEvent, TopEvent } from "../../src/ui/model/top/state.ts";
import type { ViewName } from "../../src/ui/model/top/views.ts";
import { type Feed, pause, poll, pollOnce } from "../../src/ui/top-poller.ts";
import { type ListsClient, liveFeeds, onceSources } from "../../src/ui/top-sources.ts";
import { TopStore } from "../../src/ui/top-store.ts";
import {
  auditReply,
  clustersReply,
  clusterView,
  fleetReply,
  shardsReply,
  upNode,
} from "../unit/ui/model/fixtures.ts";

const unasked = () => Promise.reject(new TypeError("nothing shows this list"));
const NEVER_ASKED = {
  ...{ listDomains: unasked, listShortfalls: unasked, listQuotas: unasked, listProviders: unasked },
  ...{
    listSessions: unasked,
    listInstructions: vi.fn(async () => ({ stamp: undefined, instructions: [], more: false })),
  },
};

const answers = () => ({
  status: vi.fn(async () => fleetReply([upNode(1)])),
  listShards: vi.fn(async () => shardsReply()),
  listClusters: vi.fn(async () => clustersReply()),
  listAudit: vi.fn(async () => auditReply()),
  ...NEVER_ASKED,
});

test("one round asks for nodes and for what the overview counts", async () => {
  const events: TopEvent[] = [];
  await pollOnce(
    onceSources(answers(), () => 7),
    (event) => events.push(event),
  );
  const told = events.map((event) => (event.kind === "list" ? event.name : event.kind));
  expect(told.toSorted()).toEqual(["audit", "clusters", "fleet", "instructions", "shards"]);
});

test("a foreseen failure is an event; the other lists still come", async () => {
  const events: TopEvent[] = [];
  const unavailable = new OperatorError("UNAVAILABLE", { what: "no leader", exit: Exit.NoQuorum });
  const client = { ...answers(), listClusters: vi.fn().mockRejectedValue(unavailable) };
  await pollOnce(
    onceSources(client, () => 7),
    (event) => events.push(event),
  );
  expect(events).toContainEqual({ kind: "problem", name: "clusters", atMs: 7, message: "no leader" });
  expect(events).toHaveLength(5);
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
  const feed: Feed = (_, signal) => pause(3_600_000, signal);
  const polling = poll(
    () => [feed],
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
  const feeds = liveFeeds(
    watch,
    answers(),
    () => "overview",
    () => 7,
  );
  await poll(feeds, () => undefined, stop.signal);
  expect(asked).toContain("b");
  expect(feeds()).toHaveLength(3);
});

test("a feed that hangs delays neither the others nor the end", async () => {
  const stop = new AbortController();
  const hanging: Feed = () => new Promise(() => undefined);
  const answering: Feed = async (dispatch) =>
    dispatch({ kind: "problem", name: "shards", atMs: 1, message: "heard" });
  const heard = (event: TopEvent) => event.kind === "problem" && stop.abort();
  await expect(poll(() => [hanging, answering], heard, stop.signal)).resolves.toBeUndefined();
});

test("the store shows keys at once and data with the next tick", () => {
  const store = new TopStore(0);
  const listener = vi.fn();
  store.subscribe(listener);
  store.dispatch({ kind: "fleet", atMs: 1, reply: fleetReply([upNode(1)]) });
  expect(listener).not.toHaveBeenCalled();
  store.dispatch({ kind: "tick", atMs: 2, wallMs: 2 });
  expect(store.snapshot().nodes).toHaveLength(1);
  store.dispatch({ kind: "action", action: { kind: "toggle-help" } });
  expect(listener).toHaveBeenCalledTimes(2);
});

describe("lists", () => {
  /** Names of lists that were asked for, in order, while the view in front changes as `views` says. */
  async function askedFor(
    client: ListsClient,
    views: readonly ViewName[],
    stepMs: number,
  ): Promise<string[]> {
    const stop = new AbortController();
    const asked: string[] = [];
    let nowMs = 0;
    let step = 0;
    const view = (): ViewName => {
      const here = views[step];
      step += 1;
      nowMs += stepMs;
      if (here === undefined) stop.abort();
      return here ?? "overview";
    };
    const noted = (event: DataEvent) => {
      if (event.kind === "list" || event.kind === "problem") asked.push(event.name);
    };
    const [feed] = liveFeeds({ addresses: [], follow: async () => undefined }, client, view, () => nowMs)();
    await feed?.(noted, stop.signal);
    return asked;
  }

  test("that no view shows are not asked for; one that is chosen is asked for at once", async () => {
    const client = {
      ...answers(),
      listDomains: async () => ({ stamp: undefined, domains: [], more: false }),
    };
    const asked = await askedFor(client, ["overview", "domains", "domains"], 1);
    expect(asked.toSorted()).toEqual(["audit", "clusters", "domains", "shards"]);
  });

  test("are asked for again after a second, long ones later", async () => {
    const many = Array.from({ length: 3_000 }, (_, at) => clusterView(`c${at}`));
    const client = { ...answers(), listClusters: async () => clustersReply(...many) };
    const asked = await askedFor(client, ["overview", "overview", "overview", "overview"], 1_001);
    const count = (name: string) => asked.filter((other) => other === name).length;
    expect([count("shards"), count("clusters")]).toEqual([4, 2]);
  });
});
