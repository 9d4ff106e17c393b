// What the dashboard asks a fleet for, and how often: every node by itself, so that a hung one delays only its own
// row, and the lists of the leader. A failure becomes an event, so that the picture shows it while the asking goes on.
import type { FleetClient } from "../client/fleet-client.ts";
import type { FleetWatch } from "../client/fleet-watch.ts";
import { OperatorError } from "../core/base/errors.ts";
import type { DataEvent } from "./model/top-state.ts";
import type { Feed, Source } from "./top-poller.ts";

const NODE_EVERY_MS = 500;
const LISTS_EVERY_MS = 1000;
// Lists are linearizable reads: without a leader they wait, and the footer says so after this long.
const LISTS_DEADLINE_MS = 1500;

type ListsClient = Pick<FleetClient, "listShards" | "listClusters">;
type TopWatch = Pick<FleetWatch, "addresses" | "follow">;

/** For one frame: a whole look at the fleet. `now` is the monotonic clock. */
export function onceSources(client: ListsClient & Pick<FleetClient, "status">, now: () => number): Source[] {
  const status: Source = {
    everyMs: NODE_EVERY_MS,
    ask: answers(now, async () => ({ kind: "fleet", atMs: now(), reply: await client.status() })),
  };
  return [status, ...listSources(client, now)];
}

/** For the live picture: all sources known by now, the same ones each time, and one for each node learned since. */
export function liveSources(
  watch: TopWatch,
  lists: ListsClient,
  now: () => number,
): () => readonly (Source | Feed)[] {
  const fixed = listSources(lists, now);
  const byAddress = new Map<string, Feed>();
  return () => {
    for (const address of watch.addresses) {
      if (byAddress.has(address)) continue;
      const follow: Feed["follow"] = (dispatch, signal) =>
        watch.follow(address, (reply) => dispatch({ kind: "fleet", atMs: now(), reply }), signal);
      byAddress.set(address, { follow });
    }
    return [...byAddress.values(), ...fixed];
  };
}

function listSources(client: ListsClient, now: () => number): Source[] {
  const deadline = { deadlineMs: LISTS_DEADLINE_MS };
  return [
    {
      everyMs: LISTS_EVERY_MS,
      ask: answers(now, async () => {
        const reply = await client.listShards(deadline);
        return { kind: "shards", atMs: now(), reply };
      }),
    },
    {
      everyMs: LISTS_EVERY_MS,
      ask: answers(now, async () => {
        const reply = await client.listClusters(deadline);
        return { kind: "clusters", atMs: now(), reply };
      }),
    },
  ];
}

// Only failures that were foreseen are shown in place; anything else is a bug and ends the dashboard.
function answers(now: () => number, ask: () => Promise<DataEvent>): () => Promise<readonly DataEvent[]> {
  return async () => {
    try {
      return [await ask()];
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      return [{ kind: "problem", atMs: now(), message: error.message }];
    }
  };
}
