// Holds the dashboard's state outside React. Keys show at once; data is collected and shown with the next tick, so
// that many answers cost one drawing.
import { act } from "./model/top/actions.ts";
import type { Writing } from "./model/top/change.ts";
import { observe } from "./model/top/observe.ts";
import { initialTopState, type TopEvent, type TopState } from "./model/top/state.ts";

/** What an operator waits for; the data are shown with the next tick. */
const AT_ONCE: ReadonlySet<TopEvent["kind"]> = new Set(["action", "tick", "notice", "change"]);

export class TopStore {
  #state: TopState;
  #published: TopState;
  readonly #listeners = new Set<() => void>();

  constructor(nowMs: number, wallMs = 0, targetWords = "", writing: Writing | null = null) {
    this.#state = { ...initialTopState(nowMs, wallMs, targetWords), writing };
    this.#published = this.#state;
  }

  readonly dispatch = (event: TopEvent): void => {
    this.#state = event.kind === "action" ? act(this.#state, event.action) : observe(this.#state, event);
    const isSeen = AT_ONCE.has(event.kind);
    if (isSeen) this.#publish();
  };

  readonly snapshot = (): TopState => this.#published;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Another state at once, shown at once. */
  readonly replace = (change: (state: TopState) => TopState): void => {
    this.#state = change(this.#state);
    this.#publish();
  };

  #publish(): void {
    if (this.#published === this.#state) return;
    this.#published = this.#state;
    for (const listener of this.#listeners) listener();
  }
}
