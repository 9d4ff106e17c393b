// A slow pass over all rows in memory (ADR-0017): they are hashed again and compared with what their hashes were.
// A row that was damaged in place is found by nothing else: the state's digest is still right. What must stay
// true: the pass uses little of a core (a slice of rows, then a pause) and keeps no replaced rows. It reports a
// fault only after finding it twice.

import type { Timers } from "../../base/timers.ts";
import type { Divergence, StateTrust } from "./state-trust.ts";

// 120 000 rows in two minutes, with half a millisecond of work for each slice.
const SLICE_EVERY_MS = 250;
/** From the start to the first pass, and from one pass to the next. */
const FIRST_AFTER_MS = 10_000;
const REST_MS = 60_000;

export type Damage = Pick<Divergence, "index" | "digest" | "expected" | "detail">;

/** One slice for each step; at the end what is damaged, or null. */
export type MemoryPass = Generator<null, Damage | null, void>;

export interface MemoryCheckOptions {
  /** `isApplying`: the state is about to be replaced, and with it a pass's position. */
  readonly machine: { readonly isRestoring: boolean; readonly isApplying: boolean };
  readonly pass: () => MemoryPass;
  readonly trust: Pick<StateTrust, "fence" | "isFenced">;
  readonly timers: Pick<Timers, "after">;
  /** Stops the process instead of a fence, if its next start has a sound state; absent = a fence is needed always. */
  readonly stopInstead?: ((damage: Damage) => boolean) | undefined;
}

/** Starts the passes; returns a function that ends them. */
export function checkMemory(options: MemoryCheckOptions): () => void {
  const { machine, pass: begin, trust, timers, stopInstead } = options;
  let cancel: () => void = () => undefined;
  // One that has not ended keeps the state that it looks at, which may be large.
  let pass: MemoryPass | null = null;
  const drop = () => {
    pass?.return(null);
    pass = null;
  };
  const nextSlice = () => {
    pass ??= begin();
    return pass.next();
  };
  const step = () => {
    const { done, value } = machine.isApplying
      ? { done: false, value: null }
      : machine.isRestoring
        ? { done: true, value: null }
        : nextSlice();
    if (value != null && stopInstead?.(value) === true) return drop();
    if (value != null) trust.fence({ ...value, cause: "memory" });
    if (done || trust.isFenced) drop();
    if (trust.isFenced) return;
    cancel = timers.after(done ? REST_MS : SLICE_EVERY_MS, step);
  };
  cancel = timers.after(FIRST_AFTER_MS, step);
  return () => {
    cancel();
    drop();
  };
}
