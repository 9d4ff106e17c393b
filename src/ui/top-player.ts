// Plays a recording into the dashboard: at its own pace or another one, from any moment. What must stay true: a seek
// costs at most ten minutes of events, which is what the charts show. While paused the recording stands still, and a
// seek still works.

import type { Action } from "./model/top/keys.ts";
import { observe, rewound } from "./model/top/observe.ts";
import { HISTORY_SECONDS, type TopEvent, type TopState } from "./model/top/state.ts";
import { parseEvent, type Recording } from "./read-recording.ts";
import { pause } from "./top-poller.ts";

const TICK_MS = 100;
const STEP_MS = 1_000;
const SPEEDS = [0.25, 0.5, 1, 2, 5, 10, 30, 60];

/** What the player needs of the dashboard's store. */
export interface PlayedStore {
  readonly dispatch: (event: TopEvent) => void;
  readonly snapshot: () => TopState;
  readonly replace: (change: (state: TopState) => TopState) => void;
}

export class TopPlayer {
  readonly #path: string;
  readonly #recording: Recording;
  readonly #store: PlayedStore;
  #atMs = 0;
  /** Position of the next event. */
  #next = 0;
  #speed = SPEEDS.indexOf(1);

  constructor(path: string, recording: Recording, store: PlayedStore) {
    this.#path = path;
    this.#recording = recording;
    this.#store = store;
  }

  /** Plays until `signal` aborts; at its end the recording stands still. */
  async run(signal: AbortSignal): Promise<void> {
    this.seek(0);
    let lastMs = performance.now();
    while (!signal.aborted) {
      await pause(TICK_MS, signal);
      const nowMs = performance.now();
      const elapsedMs = nowMs - lastMs;
      lastMs = nowMs;
      if (!this.#store.snapshot().paused) this.#advance(elapsedMs * (SPEEDS[this.#speed] ?? 1));
    }
  }

  act(action: Action): void {
    if (action.kind === "seek") this.seek(this.#atMs + action.byMs);
    if (action.kind !== "speed") return;
    this.#speed = Math.max(0, Math.min(SPEEDS.length - 1, this.#speed + action.by));
    this.#store.replace((state) => ({ ...state, playing: this.#playing }));
  }

  /** Shows the moment, and plays on from there. */
  seek(toMs: number): void {
    const { events, lengthMs } = this.#recording;
    this.#atMs = Math.max(0, Math.min(toMs, lengthMs));
    const fromMs = this.#atMs - HISTORY_SECONDS * 1_000;
    const first = events.findIndex(({ atMs }) => atMs >= fromMs);
    this.#next = first === -1 ? events.length : first;
    const news = this.#eventsUntil(this.#atMs);
    this.#store.replace((state) => ({
      ...news.reduce(observe, rewound(state, Math.max(0, fromMs))),
      paused: state.paused,
      playing: this.#playing,
    }));
  }

  get #playing() {
    const { lengthMs, isCut } = this.#recording;
    return { atMs: this.#atMs, lengthMs, speed: SPEEDS[this.#speed] ?? 1, isCut };
  }

  #advance(byMs: number): void {
    this.#atMs = Math.min(this.#atMs + byMs, this.#recording.lengthMs);
    const news = this.#eventsUntil(this.#atMs);
    this.#store.replace((state) => ({ ...news.reduce(observe, state), playing: this.#playing }));
  }

  /** Data with the clock between, so that what is measured each second is. */
  #eventsUntil(untilMs: number): Exclude<TopEvent, { kind: "action" }>[] {
    const { events, head } = this.#recording;
    const tick = (atMs: number) => ({ kind: "tick", atMs, wallMs: head.atMs + atMs }) as const;
    const news: Exclude<TopEvent, { kind: "action" }>[] = [];
    let tickedMs = Number.NEGATIVE_INFINITY;
    for (;;) {
      const event = events[this.#next];
      if (event === undefined || event.atMs > untilMs) break;
      if (event.atMs - tickedMs >= STEP_MS) {
        news.push(tick(event.atMs));
        tickedMs = event.atMs;
      }
      news.push(parseEvent(this.#path, event));
      this.#next += 1;
    }
    return [...news, tick(untilMs)];
  }
}
