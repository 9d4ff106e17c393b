// What the dashboard asks a fleet for, and how often. A failure becomes an event, so that the picture shows it while
// the asking goes on.
import type { FleetClient } from "../client/fleet-client.ts";
import { OperatorError } from "../core/base/errors.ts";
import type { DataEvent } from "./model/top-state.ts";
import type { Source } from "./top-poller.ts";

const STATUS_EVERY_MS = 500;
const LISTS_EVERY_MS = 1000;
// Lists are linearizable reads: without a leader they wait, and the footer says so after this long.
const LISTS_DEADLINE_MS = 1500;

export type TopClient = Pick<FleetClient, "status" | "listShards" | "listClusters">;

/** `now` is the wall clock, in milliseconds since 1970. */
export function topSources(client: TopClient, now: () => number): Source[] {
  const deadline = { deadlineMs: LISTS_DEADLINE_MS };
  return [
    {
      everyMs: STATUS_EVERY_MS,
      ask: answers(now, async () => ({ kind: "fleet", atMs: now(), reply: await client.status() })),
    },
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
