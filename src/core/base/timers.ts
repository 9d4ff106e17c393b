// Passing time as a replica needs it, so that a simulation can put a clock of its own in its place.

export interface Timers {
  /** Runs `action` again and again; returns what cancels it. */
  every(ms: number, action: () => unknown): () => void;
  /** Runs `action` once; returns what cancels it. */
  after(ms: number, action: () => unknown): () => void;
}

export const systemTimers: Timers = {
  every: (ms, action) => {
    const timer = setInterval(action, ms);
    return () => clearInterval(timer);
  },
  after: (ms, action) => {
    const timer = setTimeout(action, ms);
    return () => clearTimeout(timer);
  },
};

interface Guard {
  /** `action`, with what it throws handled and counted under `name`. */
  guard(name: string, action: () => unknown): () => void;
}

/** For background loops: what a run throws costs that run only. Not for what drives consensus, which must stop then. */
export function guardedTimers(timers: Timers, errors: Guard): Timers {
  return {
    every: (ms, action) => timers.every(ms, errors.guard("a background task", action)),
    after: (ms, action) => timers.after(ms, errors.guard("a background task", action)),
  };
}
