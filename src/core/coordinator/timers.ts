// Passing time as a replica needs it, so that a simulation can put a clock of its own in its place.

export interface Timers {
  /** Runs `action` again and again; returns what cancels it. */
  every(ms: number, action: () => void): () => void;
  /** Runs `action` once; returns what cancels it. */
  after(ms: number, action: () => void): () => void;
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
