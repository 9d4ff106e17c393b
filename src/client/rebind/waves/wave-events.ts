// What a run of a plan reports to the terminal that it runs in.

import type { Plan } from "../../../core/wire/gen/fleet/v1/command.ts";

export interface WaveEvents {
  /** A wave begins: its number in this run, and how many clusters it has. */
  onWave(number: number, size: number): void;
  /** The plan's row was read again. */
  onRow(row: Plan): void;
  /** A step changed: "c1: under way". */
  onStep(cluster: string, text: string): void;
  /** The run waits: for the fleet to be well, for a throttle, between waves. */
  onWait(why: string): void;
}
