// Gathers the dashboard's data, outside React. Every feed runs by itself, so one that hangs delays neither the others nor the keys.
import { setTimeout as sleep } from "node:timers/promises";
import type { DataEvent, TopEvent } from "./model/top/state.ts";

/** One question. It has its own deadline. A foreseen failure is an event too; it rejects for a bug only. */
export type Source = () => Promise<DataEvent>;

/** Something that tells by itself, until the signal aborts. It rejects for a bug only. */
export type Feed = (dispatch: (event: DataEvent) => void, signal: AbortSignal) => Promise<void>;

// How often the clock advances, collected data is shown and new feeds are looked for. Nodes tell their status this often too, and a
// frame costs some milliseconds. Keys show at once.
const TICK_MS = 500;

/** Asks every source once, as `--once` needs. */
export async function pollOnce(
  sources: readonly Source[],
  dispatch: (event: DataEvent) => void,
): Promise<void> {
  await Promise.all(sources.map(async (ask) => dispatch(await ask())));
}

/**
 * Runs until `signal` aborts, following every feed that `feeds` gives, also those that it gives later. Rejects only
 * when a feed breaks its promise not to.
 */
export async function poll(
  feeds: () => readonly Feed[],
  dispatch: (event: TopEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  const followed = new Set<Feed>();
  const broken: unknown[] = [];
  while (!signal.aborted) {
    for (const feed of feeds()) {
      if (followed.has(feed)) continue;
      followed.add(feed);
      const notify = (event: DataEvent): void => {
        if (!signal.aborted) dispatch(event);
      };
      feed(notify, signal).catch((error: unknown) => broken.push(error));
    }
    dispatch({ kind: "tick", atMs: performance.now(), wallMs: Date.now() });
    await pause(TICK_MS, signal);
    if (broken.length > 0) throw broken[0];
  }
}

/** An abort ends the wait early; it is no failure. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}
