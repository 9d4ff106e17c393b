// The progress of a running plan: one line that is rewritten on a terminal, sparse lines in a pipe. What is said
// meanwhile stands above that line.

import { type Progress, progressOf } from "../../core/rebind/waves/progress.ts";
import type { Plan } from "../../core/wire/gen/fleet/v1/command.ts";
import { progressText } from "../model/plan-words.ts";
import { writeNote, writeProgress } from "./terminal.ts";

const PIPE_EVERY_MS = 10_000;

export class PlanProgress {
  readonly #isTerminal: boolean;
  readonly #now: () => number;
  readonly #beganMs: number;
  #doneBefore: number | null = null;
  #rollingBack = false;
  #wave = "";
  #underWay = 0;
  #saidMs = 0;
  #said = "";

  constructor(isTerminal: boolean, now: () => number) {
    this.#isTerminal = isTerminal;
    this.#now = now;
    this.#beganMs = now();
    this.#saidMs = now();
  }

  /** As the fleet last told it. */
  get underWay(): number {
    return this.#underWay;
  }

  wave(number: number, size: number): void {
    this.#wave = `wave ${number} (${size})`;
  }

  row(row: Plan): void {
    // A rollback counts anew.
    if (this.#doneBefore === null || row.rollingBack !== this.#rollingBack) {
      this.#doneBefore = row.rollingBack ? row.undone : row.done;
      this.#rollingBack = row.rollingBack;
    }
    const progress = progressOf(row, this.#doneBefore, this.#now() - this.#beganMs);
    this.#underWay = progress.underWay;
    if (this.#isTerminal) writeProgress(this.#text(progress));
    else this.#sparse(progress);
  }

  note(text: string): void {
    if (this.#isTerminal) writeProgress("");
    writeNote(text, (safe) => safe);
  }

  end(): void {
    if (this.#isTerminal) writeProgress("");
  }

  #sparse(progress: Progress): void {
    const text = this.#text(progress);
    const isEnd = progress.done === progress.total;
    if (text === this.#said || !(isEnd || this.#now() - this.#saidMs >= PIPE_EVERY_MS)) return;
    this.#saidMs = this.#now();
    this.#said = text;
    writeNote(text, (safe) => safe);
  }

  #text(progress: Progress): string {
    return `${this.#wave === "" ? "" : `${this.#wave}: `}${progressText(progress)}`;
  }
}
