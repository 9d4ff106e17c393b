// The events of a fleet as they happen: the dashboard's own feeds and rules, without its picture.
import type { FleetWatch } from "../client/fleet-watch.ts";
import { observe } from "./model/top/observe.ts";
import { type FleetEvent, initialTopState, type TopEvent } from "./model/top/state.ts";
import { poll } from "./top-poller.ts";
import { type ListsClient, liveFeeds } from "./top-sources.ts";

interface Followed {
  readonly watch: Pick<FleetWatch, "addresses" | "follow">;
  readonly lists: ListsClient;
  /** Audit entries up to this one were shown already. */
  readonly auditIndex: number;
  readonly now: () => number;
}

/** `notify` gets new events, the oldest first. Runs until `signal` aborts; rejects for a bug only. */
export async function followEvents(
  { watch, lists, auditIndex, now }: Followed,
  notify: (events: readonly FleetEvent[]) => void,
  signal: AbortSignal,
): Promise<void> {
  let state = { ...initialTopState(now(), Date.now()), auditIndex };
  const dispatch = (event: TopEvent): void => {
    if (event.kind === "action") return;
    const known = new Set(state.events);
    state = observe(state, event);
    const news = state.events.filter((one) => !known.has(one));
    if (news.length > 0) notify(news.toReversed());
  };
  await poll(
    liveFeeds(watch, lists, () => "overview", now),
    dispatch,
    signal,
  );
}
