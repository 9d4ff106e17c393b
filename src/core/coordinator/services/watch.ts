// Changes of the tables as a stream, from any replica. The watcher's place is a log index, and every replica has the
// same changes at the same index: so a watcher whose replica dies goes on at another.
// What must stay true: nothing is held for a watcher that does not read. It has a place in the shared log of changes,
// and when that log has forgotten what comes after the place, the watcher is told to list anew.

import type { ServerWritableStream } from "@grpc/grpc-js";
import { type LogIndex, logIndex } from "../../base/ids.ts";
import type { ChangeSet } from "../../fleet/change-log.ts";
import type { WatchRequest, WatchResponse } from "../../wire/gen/fleet/v1/coordinator.ts";
import type { ServiceContext } from "./context.ts";
import type { Caller } from "./handler.ts";
import { LINEARIZABLE, readable } from "./reads.ts";
import { refusalError } from "./refusals.ts";
import { tableChange, tablesOf, type WatchedTables } from "./watch-tables.ts";

const CHANGES_PER_ANSWER = 1_000;
// A quiet watcher learns now and then how far it is, so that it need not go back far when it reconnects.
const PROGRESS_EVERY_MS = 5_000;

type Call = ServerWritableStream<WatchRequest, WatchResponse>;

/** Tells changes until the call ends. Throws the RpcError of a refusal before anything was told. */
export async function watch(context: ServiceContext, call: Call, caller: Caller): Promise<void> {
  const tables = tablesOf(call.request.tables);
  const after = call.request.afterRevision ?? (await committedNow(context, caller));
  const watcher = new Watcher(context, call, tables, logIndex(after));
  const stopListening = context.machine.onApplied(() => watcher.wake());
  const progress = setInterval(() => watcher.tellProgress(), PROGRESS_EVERY_MS);
  const end = () => {
    stopListening();
    clearInterval(progress);
  };
  call.on("cancelled", end);
  call.on("close", end);
  call.on("error", end);
  call.on("drain", () => watcher.wake());
  // At once, so that a watcher whose stream breaks before the first change knows where it began.
  watcher.tellProgress();
  watcher.wake();
}

async function committedNow(context: ServiceContext, caller: Caller): Promise<number> {
  const { index } = await readable(context, LINEARIZABLE, caller);
  return index;
}

class Watcher {
  readonly #context: ServiceContext;
  readonly #call: Call;
  readonly #tables: WatchedTables;
  /** Everything through this index has been told. */
  #told: LogIndex;
  #isScheduled = false;
  #isFull = false;

  constructor(context: ServiceContext, call: Call, tables: WatchedTables, after: LogIndex) {
    this.#context = context;
    this.#call = call;
    this.#tables = tables;
    this.#told = after;
  }

  /** One look for all entries that are applied in one turn. */
  wake(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#isFull = this.#call.writableNeedDrain;
      if (this.#isFull || this.#call.cancelled) return;
      // An answer a turn: others are served between those of a watcher that is far behind.
      if (this.#tellNext()) this.wake();
    });
  }

  tellProgress(): void {
    const { driver } = this.#context;
    // A replica without a leader may be cut off, and would tell nothing for as long as that lasts.
    if (driver.status().leader === 0) this.#call.emit("error", refusalError(this.#context, "no-leader"));
    else if (!this.#isFull) this.#tell({ revision: this.#told, changes: [], reset: false });
  }

  /** Whether there may be more to tell. */
  #tellNext(): boolean {
    const { machine, driver } = this.#context;
    const sets = machine.changes.after(this.#told, CHANGES_PER_ANSWER);
    if (sets === null) {
      this.#told = driver.appliedIndex;
      this.#tell({ revision: this.#told, changes: [], reset: true });
      return false;
    }
    const last = sets.at(-1);
    if (last === undefined) {
      // What was asked for may lie ahead of what this replica has applied: its place never goes back.
      if (driver.appliedIndex > this.#told) this.#told = driver.appliedIndex;
      return false;
    }
    this.#told = last.index;
    const changes = sets.flatMap((set) => this.#changesOf(set));
    if (changes.length > 0) this.#tell({ revision: this.#told, changes, reset: false });
    return true;
  }

  #changesOf({ index, changes }: ChangeSet): WatchResponse["changes"] {
    return changes.filter(({ table }) => this.#tables.has(table)).map((change) => tableChange(index, change));
  }

  #tell(response: WatchResponse): void {
    this.#isFull = !this.#call.write(response);
  }
}
