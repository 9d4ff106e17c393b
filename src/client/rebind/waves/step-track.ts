// One step of a plan in this run: its row as this runner last wrote it, and the move that it means.

import type { Move } from "../../../core/rebind/plan.ts";
import { type PlanStep, PlanStepState } from "../../../core/wire/gen/fleet/v1/command.ts";
import { Track } from "../track.ts";

const { UNDER_WAY, DONE, FAILED, UNDOING, UNDONE } = PlanStepState;

export class StepTrack {
  readonly row: Readonly<PlanStep>;
  readonly track: Track;
  readonly #rollingBack: boolean;
  #state: PlanStepState;
  #begun: boolean;
  /** It failed in this run, so it is not begun again before another run. */
  hasFailed = false;

  constructor(row: Readonly<PlanStep>, rollingBack: boolean) {
    this.row = row;
    this.track = new Track(rollingBack ? undoOf(row) : moveOf(row));
    this.#rollingBack = rollingBack;
    this.#state = row.state;
    this.#begun = row.begun;
  }

  get clusterId(): string {
    return this.row.clusterId;
  }

  get number(): number {
    return this.row.number;
  }

  get state(): PlanStepState {
    return this.#state;
  }

  get begun(): boolean {
    return this.#begun;
  }

  /** The state that says: its migration in this run's direction has begun. */
  get moving(): PlanStepState {
    return this.#rollingBack ? UNDOING : UNDER_WAY;
  }

  get ended(): PlanStepState {
    return this.#rollingBack ? UNDONE : DONE;
  }

  get isMoving(): boolean {
    return this.#state === this.moving;
  }

  /** It failed after it began: its cluster is not served until a later run ends the step. */
  get isFailedHalfWay(): boolean {
    return this.hasFailed && this.#begun;
  }

  get isEnded(): boolean {
    return this.#state === this.ended;
  }

  /** A step that failed in an earlier run stays as it is in this one. */
  skipFailed(): void {
    if (this.#state === FAILED) this.hasFailed = true;
  }

  /** As the journal has just acknowledged. */
  becomes(state: PlanStepState): void {
    this.#state = state;
    if (state === FAILED) this.hasFailed = true;
    else this.#begun = state !== UNDONE;
  }

  /** The row as it is now. */
  get present(): PlanStep {
    return { ...this.row, state: this.#state, begun: this.#begun };
  }
}

/** As src/core/fleet/apply/apply-plan-step.ts names migrations. */
function moveOf({ planId, number, clusterId, fromShard, toShard }: Readonly<PlanStep>): Move {
  return { cluster: clusterId, from: fromShard, to: toShard, migrationId: `${planId}-${number}` };
}

function undoOf(row: Readonly<PlanStep>): Move {
  const { cluster, from, to, migrationId } = moveOf(row);
  return { cluster, from: to, to: from, migrationId: `${migrationId}-undo`, supersedes: migrationId };
}
