// Asks for the dashboard's data, outside React. Every source is asked in a loop of its own with its own pace, so one
// that hangs delays neither the others nor the keys.
import { setTimeout as sleep } from "node:timers/promises";
import type { DataEvent, TopEvent } from "./model/top-state.ts";

/** One thing to ask for again and again. `ask` has its own deadline and does not reject: a failure is an event too. */
export interface Source {
  readonly everyMs: number;
  readonly ask: () => Promise<readonly DataEvent[]>;
}

/** Something that tells by itself. It does not reject. */
export interface Feed {
  readonly follow: (dispatch: (event: DataEvent) => void, signal: AbortSignal) => Promise<void>;
}

// How often the clock advances, collected data is shown and new sources are looked for.
const TICK_MS = 250;

/** Asks every source once, as `--once` needs. */
export async function pollOnce(
  sources: readonly Source[],
  dispatch: (event: DataEvent) => void,
): Promise<void> {
  await Promise.all(sources.map(async (source) => (await source.ask()).forEach(dispatch)));
}

/**
 * Runs until `signal` aborts, following every source that `sources` gives, also those that it gives later. Rejects
 * only when a source breaks its promise not to.
 */
export async function poll(
  sources: () => readonly (Source | Feed)[],
  dispatch: (event: TopEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  const followed = new Set<Source | Feed>();
  const broken: unknown[] = [];
  while (!signal.aborted) {
    for (const source of sources()) {
      if (followed.has(source)) continue;
      followed.add(source);
      const following = "ask" in source ? ask(source, dispatch, signal) : source.follow(dispatch, signal);
      following.catch((error: unknown) => broken.push(error));
    }
    dispatch({ kind: "tick", atMs: performance.now() });
    await pause(TICK_MS, signal);
    if (broken.length > 0) throw broken[0];
  }
}

// Sources of one pace are asked at the same moments, so that what nodes say of their logs can be compared.
async function ask(source: Source, dispatch: (event: TopEvent) => void, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const events = await source.ask();
    if (signal.aborted) return;
    events.forEach(dispatch);
    await pause(source.everyMs - (performance.now() % source.everyMs), signal);
  }
}

/** An abort ends the wait early; it is no failure. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}
