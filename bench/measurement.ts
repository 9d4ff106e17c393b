// One measured quantity: its runs in milliseconds, and what the project wants of it.

export interface Measurement {
  readonly what: string;
  readonly runsMs: readonly number[];
  readonly goal: string;
}
