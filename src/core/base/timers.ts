// Timers as a replica needs them, so that a simulation can use a clock of its own.

export interface Timers {
  /** Runs `action` again and again; returns a function that cancels it. */
  every(ms: number, action: () => unknown): () => void;
  /** Runs `action` once; returns a function that cancels it. */
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
  /** Wraps `action`: what it throws is handled and counted under `name`. */
  guard(name: string, action: () => unknown): () => void;
}

/**
 * For background loops: an exception ends only the run that threw it. Not for the consensus loop, which must
 * stop then.
 */
export function guardedTimers(timers: Timers, errors: Guard): Timers {
  return {
    every: (ms, action) => timers.every(ms, errors.guard("a background task", action)),
    after: (ms, action) => timers.after(ms, errors.guard("a background task", action)),
  };
}
