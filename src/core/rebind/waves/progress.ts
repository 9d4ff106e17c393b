// How far a running plan is: counts, rate and time left. Pure: the caller gives the time.

import type { Plan } from "../../wire/gen/fleet/v1/command.ts";

export interface Progress {
  readonly total: number;
  /** Moved, or in a rollback moved back. */
  readonly done: number;
  readonly underWay: number;
  readonly waiting: number;
  readonly failed: number;
  /** Steps per second of this run; null = none has ended yet. */
  readonly perSecond: number | null;
  /** Null = unknown. */
  readonly leftMs: number | null;
}

type Counts = Readonly<
  Pick<Plan, "steps" | "done" | "failed" | "underWay" | "undoing" | "undone" | "begun" | "rollingBack">
>;

/** `doneBefore`: what was done when this run began, `ranMs` ago. */
export function progressOf(counts: Counts, doneBefore: number, ranMs: number): Progress {
  const { steps, rollingBack, failed } = counts;
  const total = rollingBack ? counts.begun + counts.undone : steps;
  const done = doneOf(counts);
  const underWay = rollingBack ? counts.undoing : counts.underWay;
  const waiting = Math.max(0, total - done - underWay - (rollingBack ? 0 : failed));
  const ended = done - doneBefore;
  const perSecond = ended > 0 && ranMs > 0 ? (ended * 1_000) / ranMs : null;
  const left = total - done;
  return {
    ...{ total, done, underWay, waiting, failed, perSecond },
    leftMs: perSecond === null ? null : Math.round((left * 1_000) / perSecond),
  };
}

function doneOf({ rollingBack, undone, done }: Counts): number {
  return rollingBack ? undone : done;
}
