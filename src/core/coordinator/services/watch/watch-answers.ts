// The answers to watchers, made once for all that ask in the same turn of the event loop. Watchers that keep
// up are at the same revision, and a hundred of them would filter and encode the same changes a hundred
// times. What must stay true: an answer depends only on the revision and the tables, so it may be shared.
// Nothing is kept beyond the turn, because a burst would fill the memory with answers. Only the changes of a
// large entry are prepared in slices (ADR-0022) and kept for those that wait for them.

import type { LogIndex } from "../../../base/ids.ts";
import type { ChangeLog } from "../../../fleet/changes/change-log.ts";
import type { ChangeSet } from "../../../fleet/changes/change-set.ts";
import type { RowChange } from "../../../fleet/state.ts";
import type { TableChange, WatchResponse } from "../../../wire/gen/fleet/v1/coordinator.ts";
import { WatchReset } from "../../../wire/gen/fleet/v1/views.ts";
import { encodedChange, encodeWatchResponse } from "./watch-encoding.ts";
import { tableChange, type WatchedTables } from "./watch-tables.ts";

const CHANGES_PER_ANSWER = 1_000;
/** About a millisecond. */
const CHANGES_PER_SLICE = 300;

/** The changes after a revision. */
interface NextAnswer {
  /** It covers everything through this index. */
  readonly through: LogIndex;
  /** Null: the watched tables did not change. */
  readonly response: WatchResponse | null;
}

type Next = NextAnswer | "forgotten" | "nothing";

/** A large answer, for the watchers that wait for it. */
interface Preparation {
  users: number;
  /** Null until it is encoded. */
  next: NextAnswer | null;
  readonly done: Promise<void>;
}

export class WatchAnswers {
  readonly #changes: () => Pick<ChangeLog, "after">;
  readonly #nexts = new Map<string, Next>();
  readonly #tableChanges = new Map<RowChange, TableChange>();
  /** By revision and tables. */
  readonly #preparations = new Map<string, Preparation>();

  /** `changes`: the present log; a received snapshot starts another. */
  constructor(changes: () => Pick<ChangeLog, "after">) {
    this.#changes = changes;
  }

  /**
   * Encodes the changes after `told`, if there are many, and calls `rest` between two slices: once for all
   * that ask. Resolves when `after` is fast; the returned function must be called after it.
   */
  async prepare(told: LogIndex, tables: WatchedTables, rest: () => Promise<void>): Promise<() => void> {
    const key = keyOf(told, tables);
    const preparation = this.#preparations.get(key) ?? this.#begin(key, told, tables, rest);
    if (preparation === null) return () => undefined;
    const release = () => {
      preparation.users -= 1;
      if (preparation.users === 0) this.#preparations.delete(key);
    };
    preparation.users += 1;
    try {
      await preparation.done;
    } catch (error) {
      release();
      throw error;
    }
    return release;
  }

  /** "nothing": no entry after `told` has changed a row. "forgotten": the changes after it are gone. */
  after(told: LogIndex, tables: WatchedTables, applied: LogIndex): Next {
    // Entries that are applied during the turn make another answer.
    const prepared = this.#preparations.get(keyOf(told, tables))?.next;
    if (prepared) return prepared;
    const key = `${applied} ${keyOf(told, tables)}`;
    const known = this.#nexts.get(key);
    if (known !== undefined) return known;
    if (this.#nexts.size === 0) setImmediate(() => this.#forget());
    const next = this.#make(told, tables);
    this.#nexts.set(key, next);
    return next;
  }

  #make(told: LogIndex, tables: WatchedTables): Next {
    const sets = this.#setsAfter(told, tables);
    if (sets === null) return "forgotten";
    const last = sets.at(-1);
    if (last === undefined) return "nothing";
    const changes = sets.flatMap((set) => this.#changesOf(set, tables));
    return answerOf(last.index, changes);
  }

  /** Null: there are few changes. Entries applied meanwhile are not included: the answer is full as it is. */
  #begin(key: string, told: LogIndex, tables: WatchedTables, rest: () => Promise<void>): Preparation | null {
    const sets = this.#setsAfter(told, tables);
    const last = sets?.at(-1);
    if (!sets || last === undefined) return null;
    if (sets.reduce((count, { changes }) => count + changes.length, 0) <= CHANGES_PER_ANSWER) return null;
    const preparation = {
      users: 0,
      next: null as NextAnswer | null,
      done: this.#encode(sets, tables, rest).then((changes) => {
        preparation.next = answerOf(last.index, changes);
        if (preparation.next.response !== null) encodeWatchResponse(preparation.next.response);
        setImmediate(() => this.#forget());
      }),
    };
    this.#preparations.set(key, preparation);
    return preparation;
  }

  async #encode(
    sets: readonly ChangeSet[],
    tables: WatchedTables,
    rest: () => Promise<void>,
  ): Promise<TableChange[]> {
    const encoded: TableChange[] = [];
    for (const { index, changes } of sets) {
      for (let from = 0; from < changes.length; from += CHANGES_PER_SLICE) {
        const slice = { index, changes: changes.slice(from, from + CHANGES_PER_SLICE) };
        for (const change of this.#changesOf(slice, tables)) {
          encodedChange(change);
          encoded.push(change);
        }
        await rest();
      }
    }
    return encoded;
  }

  #setsAfter(told: LogIndex, tables: WatchedTables): readonly ChangeSet[] | null {
    return this.#changes().after(told, CHANGES_PER_ANSWER, tables.has("sessions"));
  }

  #changesOf({ index, changes }: ChangeSet, tables: WatchedTables): TableChange[] {
    return changes.filter(({ table }) => tables.has(table)).map((change) => this.#shared(index, change));
  }

  /** Watchers of different tables share the changes of common tables. */
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

function answerOf(through: LogIndex, changes: TableChange[]): NextAnswer {
  const response = { revision: through, changes, reset: false, resetReason: WatchReset.UNSPECIFIED };
  return { through, response: changes.length === 0 ? null : response };
}

const keyOf = (told: LogIndex, tables: WatchedTables): string => `${told} ${[...tables].join(" ")}`;
