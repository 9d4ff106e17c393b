// What watchers are told, made once for all that ask in the same turn of the event loop: watchers that keep up stand at
// the same revision, and a hundred of them would filter and encode the same changes a hundred times.
// What must stay true: an answer depends on the revision and the tables alone, so it may be shared; nothing is kept
// beyond the turn, or a burst would fill the memory with answers.

import type { LogIndex } from "../../base/ids.ts";
import type { ChangeLog, ChangeSet } from "../../fleet/change-log.ts";
import type { RowChange } from "../../fleet/state.ts";
import type { TableChange, WatchResponse } from "../../wire/gen/fleet/v1/coordinator.ts";
import { WatchReset } from "../../wire/gen/fleet/v1/views.ts";
import { tableChange, type WatchedTables } from "./watch-tables.ts";

const CHANGES_PER_ANSWER = 1_000;

/** What comes after a revision. */
interface NextAnswer {
  /** Everything through this index is told by it. */
  readonly through: LogIndex;
  /** Null: nothing of the watched tables changed. */
  readonly response: WatchResponse | null;
}

type Next = NextAnswer | "forgotten" | "nothing";

export class WatchAnswers {
  readonly #changes: () => Pick<ChangeLog, "after">;
  readonly #nexts = new Map<string, Next>();
  readonly #tableChanges = new Map<RowChange, TableChange>();

  /** `changes`: the log of now; a received snapshot begins another. */
  constructor(changes: () => Pick<ChangeLog, "after">) {
    this.#changes = changes;
  }

  /** "nothing": no entry after `told` has changed a row. "forgotten": what came after it is gone. */
  after(told: LogIndex, tables: WatchedTables, applied: LogIndex): Next {
    // What is applied during the turn makes another answer.
    const key = `${told} ${applied} ${[...tables].join(" ")}`;
    const known = this.#nexts.get(key);
    if (known !== undefined) return known;
    if (this.#nexts.size === 0) setImmediate(() => this.#forget());
    const next = this.#make(told, tables);
    this.#nexts.set(key, next);
    return next;
  }

  #make(told: LogIndex, tables: WatchedTables): Next {
    const sets = this.#changes().after(told, CHANGES_PER_ANSWER, tables.has("sessions"));
    if (sets === null) return "forgotten";
    const last = sets.at(-1);
    if (last === undefined) return "nothing";
    const changes = sets.flatMap((set) => this.#changesOf(set, tables));
    const response = { revision: last.index, changes, reset: false, resetReason: WatchReset.UNSPECIFIED };
    return { through: last.index, response: changes.length === 0 ? null : response };
  }

  #changesOf({ index, changes }: ChangeSet, tables: WatchedTables): TableChange[] {
    return changes.filter(({ table }) => tables.has(table)).map((change) => this.#shared(index, change));
  }

  /** Watchers of different tables share those that both watch. */
  #shared(index: LogIndex, change: RowChange): TableChange {
    const known = this.#tableChanges.get(change);
    if (known !== undefined) return known;
    const made = tableChange(index, change);
    this.#tableChanges.set(change, made);
    return made;
  }

  #forget(): void {
    this.#nexts.clear();
    this.#tableChanges.clear();
  }
}
