// Changes of the tables as a stream, from any replica. A watcher's place is a log index, and every replica
// has the same changes at the same index. So a watcher whose replica dies continues at another. What must
// stay true: nothing is queued for a watcher that does not read. It has a place in the shared log of changes.
// If the changes after that place are gone, or the fleet never reached it, the watcher must list again.

import type { ServerWritableStream } from "@grpc/grpc-js";
import { type LogIndex, logIndex } from "../../../base/ids.ts";
import type { WatchRequest, WatchResponse } from "../../../wire/gen/fleet/v1/coordinator.ts";
import { WatchReset } from "../../../wire/gen/fleet/v1/views.ts";
import type { Caller } from "../../calls/caller.ts";
import { type Worker, workerOf } from "../../calls/client-work.ts";
import type { ServiceContext } from "../../calls/context.ts";
import { isOtherRevision } from "../../calls/other-incarnation.ts";
import { Places } from "../../calls/places.ts";
import { LINEARIZABLE, readable } from "../../calls/reads.ts";
import { assertTrusted, refusalError } from "../../calls/refusals.ts";
import { WatchAnswers } from "./watch-answers.ts";
import { tablesOf, type WatchedTables } from "./watch-tables.ts";

// A watcher without changes gets its position from time to time, so that it starts near the end when it
// reconnects.
const PROGRESS_EVERY_MS = 5_000;

/** A change wakes every watcher. */
const WATCHERS_MAX = 1_024;
const IDENTITY_WATCHERS_MAX = 256;

type Call = ServerWritableStream<WatchRequest, WatchResponse>;

const ENDS = ["cancelled", "close", "error"] as const;

type Watch = (call: Call, caller: Caller) => Promise<void>;

/**
 * Sends changes until the call ends. The returned function throws the RpcError of a refusal before anything
 * was sent.
 */
export function watching(context: ServiceContext): Watch {
  const answers = new WatchAnswers(() => context.machine.changes);
  const places = new Places({
    total: WATCHERS_MAX,
    perIdentity: IDENTITY_WATCHERS_MAX,
    reason: "TOO_MANY_WATCHERS",
    doing: "watch this replica's tables",
  });
  return async (call, caller) => {
    const leave = places.take(caller.identity);
    for (const event of ENDS) call.on(event, leave);
    await watch(context, answers, call, caller).catch((error: unknown) => {
      leave();
      throw error;
    });
    if (call.cancelled) leave();
  };
}

async function watch(
  context: ServiceContext,
  answers: WatchAnswers,
  call: Call,
  caller: Caller,
): Promise<void> {
  const tables = tablesOf(call.request.tables);
  assertTrusted(context);
  const { after, reset } = await beginning(call.request, context, caller);
  // A caller that has disconnected meanwhile sent no event for that: a watcher started now would never end.
  if (call.cancelled) return;
  const worker = workerOf(caller.identity);
  const watcher = new Watcher({ context, answers, call, tables, worker }, after);
  const stopListening = context.machine.onApplied(() => watcher.wake());
  const stopTrusting = context.trust.onChange(() => watcher.wake());
  const progress = setInterval(() => watcher.attempt(() => watcher.tellProgress()), PROGRESS_EVERY_MS);
  const end = () => {
    watcher.end();
    stopListening();
    stopTrusting();
    clearInterval(progress);
  };
  for (const event of ENDS) call.on(event, end);
  call.on("drain", () => watcher.wake());
  // At once, so that a watcher whose stream breaks before the first change knows where it started.
  if (reset === null) watcher.tellProgress();
  else watcher.tellReset(reset);
  watcher.wake();
}

// This replica may only be behind. Only a revision that no quorum has committed was never sent to any
// watcher.
async function beginning(
  { afterRevision, incarnation }: WatchRequest,
  context: ServiceContext,
  caller: Caller,
): Promise<{ readonly after: LogIndex; readonly reset: WatchReset | null }> {
  const isOther = afterRevision !== undefined && isOtherRevision(context, incarnation);
  const isHere = afterRevision !== undefined && afterRevision <= context.driver.appliedIndex;
  if (isHere && !isOther) return { after: logIndex(afterRevision), reset: null };
  const committed = logIndex((await readable(context, LINEARIZABLE, caller)).index);
  if (isOther) return { after: committed, reset: WatchReset.INCARNATION };
  if (afterRevision === undefined || afterRevision <= committed)
    return { after: logIndex(afterRevision ?? committed), reset: null };
  return { after: committed, reset: WatchReset.UNREACHED };
}

interface Watched {
  readonly context: ServiceContext;
  readonly answers: WatchAnswers;
  readonly call: Call;
  readonly tables: WatchedTables;
  readonly worker: Worker;
}

class Watcher {
  readonly #context: ServiceContext;
  readonly #answers: WatchAnswers;
  readonly #call: Call;
  readonly #tables: WatchedTables;
  readonly #worker: Worker;
  /** Everything through this index has been sent. */
  #told: LogIndex;
  #isScheduled = false;
  #isFull = false;
  #isOver = false;

  constructor({ context, answers, call, tables, worker }: Watched, after: LogIndex) {
    this.#context = context;
    this.#answers = answers;
    this.#call = call;
    this.#tables = tables;
    this.#worker = worker;
    this.#told = after;
  }

  /** Nothing more is sent. */
  end(): void {
    this.#isOver = true;
  }

  /** One check for all entries that are applied in one turn. */
  wake(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#tellInTime().catch((error: unknown) => this.#fail(error));
    });
  }

  async #tellInTime(): Promise<void> {
    const { work } = this.#context;
    const rest = async () => {
      await work.answer(this.#worker);
    };
    const isBusy = this.#call.writableNeedDrain || this.#isOver;
    const release = isBusy ? null : await this.#answers.prepare(this.#told, this.#tables, rest);
    await rest();
    this.#isScheduled = false;
    this.#isFull = this.#call.writableNeedDrain;
    // One answer a turn: other work runs between the answers to a watcher that is far behind.
    if (!this.#isFull && !this.#isOver) {
      this.attempt(() => {
        assertTrusted(this.#context);
        if (this.#tellNext()) this.wake();
      });
    }
    release?.();
  }

  /** A step that no call waits for: an exception ends only the stream. */
  attempt(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.#call.emit("error", this.#context.internalErrors.answer(error, "a watch"));
  }

  tellProgress(): void {
    if (this.#isOver) return;
    assertTrusted(this.#context);
    const { driver } = this.#context;
    // A replica without a leader may be cut off, and would send nothing for as long as that lasts.
    if (driver.leader === 0) this.#call.emit("error", refusalError(this.#context, "no-leader"));
    else if (!this.#isFull) this.#send(WatchReset.UNSPECIFIED);
  }

  tellReset(resetReason: WatchReset): void {
    this.#send(resetReason);
  }

  /** Returns whether there may be more to send. */
  #tellNext(): boolean {
    const { driver } = this.#context;
    const next = this.#answers.after(this.#told, this.#tables, driver.appliedIndex);
    if (next === "forgotten") {
      this.#told = driver.appliedIndex;
      this.tellReset(WatchReset.FORGOTTEN);
      return false;
    }
    if (next === "nothing") {
      if (driver.appliedIndex > this.#told) this.#told = driver.appliedIndex;
      return false;
    }
    this.#told = next.through;
    if (next.response !== null) this.#isFull = !this.#call.write(next.response);
    return true;
  }

  #send(resetReason: WatchReset): void {
    const reset = resetReason !== WatchReset.UNSPECIFIED;
    const { clusterId: incarnation } = this.#context;
    this.#isFull = !this.#call.write({ revision: this.#told, changes: [], reset, resetReason, incarnation });
  }
}
