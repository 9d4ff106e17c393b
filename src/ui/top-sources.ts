// What the dashboard asks a fleet for, and how often. It asks each node separately, so that a hung one delays only its
// own row. It asks the leader for the lists of the visible view. A failure becomes an event, so that the picture shows
// it, and the next question follows.
import type { FleetClient } from "../client/fleet-client.ts";
import type { FleetWatch } from "../client/fleet-watch.ts";
import { OperatorError } from "../core/base/errors.ts";
import type { DrillBoard } from "./model/top/drill-board.ts";
import type { ListEvent } from "./model/top/lists.ts";
import type { LocalLogs } from "./model/top/local-logs.ts";
import type { DataEvent } from "./model/top/state.ts";
import { type ListName, listsFor, type ViewName } from "./model/top/views.ts";
import { type Feed, pause, type Source } from "./top-poller.ts";

const LOOK_EVERY_MS = 100;
const LISTS_EVERY_MS = 1_000;
/** A long list is asked for less often: to decode a row takes some microseconds, here and at the leader. */
const REST_PER_ROW_MS = 1;
const REST_MAX_MS = 10_000;
// Lists are linearizable reads: without a leader they wait, and the footer says so after this long.
const LISTS_DEADLINE_MS = 1_500;
const AUDIT_ROWS = 300;

export type ListsClient = Pick<
  FleetClient,
  | "listShards"
  | "listClusters"
  | "listDomains"
  | "listInstructions"
  | "listShortfalls"
  | "listQuotas"
  | "listProviders"
  | "listSessions"
  | "listAudit"
>;
/** Asks for one list. */
type Load = (name: ListName) => Promise<ListEvent>;

/** What is read on this machine. */
export interface LocalReads {
  /** The drills that are possible, were interrupted, and ran. */
  readonly drills: () => Promise<DrillBoard>;
  /** The ends of the nodes' logs. */
  readonly logs: () => Promise<LocalLogs>;
}

const NOTHING_HERE: LocalReads = {
  drills: async () => ({ left: [], drills: [], reports: [] }),
  logs: async () => ({}),
};

type TopWatch = Pick<FleetWatch, "addresses" | "follow">;

/** For one frame: a whole look at the fleet. `now` is the monotonic clock. */
export function onceSources(client: ListsClient & Pick<FleetClient, "status">, now: () => number): Source[] {
  const status: Source = async () => ({ kind: "fleet", atMs: now(), reply: await client.status() });
  const names = [...listsFor("overview"), "instructions"] as const;
  const load: Load = (name) => listed(client, name, now, NOTHING_HERE);
  return [
    status,
    ...names.map(
      (name): Source =>
        () =>
          ask(load, name, now),
    ),
  ];
}

/** For the live picture: the same feeds each time, one more for each node learned since, and none for a node that left. */
export function liveFeeds(
  watch: TopWatch,
  lists: ListsClient,
  view: () => ViewName,
  now: () => number,
  here: LocalReads = NOTHING_HERE,
): () => readonly Feed[] {
  const byAddress = new Map<string, Feed>();
  const feed = listFeed((name) => listed(lists, name, now, here), view, now);
  return () => {
    const addresses = new Set(watch.addresses);
    for (const address of byAddress.keys()) {
      if (!addresses.has(address)) byAddress.delete(address);
    }
    for (const address of addresses) {
      if (byAddress.has(address)) continue;
      byAddress.set(address, (dispatch, signal) =>
        watch.follow(address, (reply) => dispatch({ kind: "fleet", atMs: now(), reply }), signal),
      );
    }
    return [...byAddress.values(), feed];
  };
}

/** Asks for the lists that the view in front shows, each at its own pace, and for one that was never heard at once. */
function listFeed(load: Load, view: () => ViewName, now: () => number): Feed {
  const dueMs = new Map<ListName, number>();
  return async (dispatch, signal) => {
    const broken: unknown[] = [];
    const refresh = async (name: ListName): Promise<void> => {
      dueMs.set(name, Number.POSITIVE_INFINITY);
      const event = await ask(load, name, now);
      const restMs = event.kind === "list" ? REST_PER_ROW_MS * rowCount(event) : 0;
      dueMs.set(name, now() + Math.max(LISTS_EVERY_MS, Math.min(REST_MAX_MS, restMs)));
      if (!signal.aborted) dispatch(event);
    };
    while (!signal.aborted) {
      for (const name of listsFor(view())) {
        if (now() >= (dueMs.get(name) ?? 0)) refresh(name).catch((error: unknown) => broken.push(error));
      }
      await pause(LOOK_EVERY_MS, signal);
      if (broken.length > 0) throw broken[0];
    }
  };
}

function rowCount({ name, reply }: ListEvent): number {
  const rows: unknown = name === "audit" ? reply.entries : (reply as Readonly<Record<string, unknown>>)[name];
  return Array.isArray(rows) ? rows.length : 0;
}

// Only failures that were foreseen are shown in place; anything else is a bug and ends the dashboard.
async function ask(load: Load, name: ListName, now: () => number): Promise<DataEvent> {
  try {
    return await load(name);
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    return { kind: "problem", name, atMs: now(), message: error.message };
  }
}

async function listed(
  client: ListsClient,
  name: ListName,
  now: () => number,
  here: LocalReads,
): Promise<ListEvent> {
  const options = { deadlineMs: LISTS_DEADLINE_MS };
  const kind = "list";
  switch (name) {
    case "shards": {
      const reply = await client.listShards(options);
      return { kind, name, atMs: now(), reply };
    }
    case "clusters": {
      const reply = await client.listClusters(options);
      return { kind, name, atMs: now(), reply };
    }
    case "domains": {
      const reply = await client.listDomains(options);
      return { kind, name, atMs: now(), reply };
    }
    case "instructions": {
      const reply = await client.listInstructions(options);
      return { kind, name, atMs: now(), reply };
    }
    case "shortfalls": {
      const reply = await client.listShortfalls(options);
      return { kind, name, atMs: now(), reply };
    }
    case "quotas": {
      const reply = await client.listQuotas(options);
      return { kind, name, atMs: now(), reply };
    }
    case "providers": {
      const reply = await client.listProviders(options);
      return { kind, name, atMs: now(), reply };
    }
    case "sessions": {
      const reply = await client.listSessions(options);
      return { kind, name, atMs: now(), reply };
    }
    case "audit": {
      const reply = await client.listAudit({ ...options, newest: true, rowsMax: AUDIT_ROWS });
      return { kind, name, atMs: now(), reply };
    }
    case "drills":
      return { kind, name, atMs: now(), reply: await here.drills() };
    case "logs":
      return { kind, name, atMs: now(), reply: await here.logs() };
  }
}
