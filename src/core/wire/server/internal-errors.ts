// One rule for unexpected exceptions of every handler, stream and background loop. An RpcError is an answer.
// Anything else is a bug of ours: it is logged with its stack under an id, counted, and answered INTERNAL
// with the same id. It fails only the call that hit it. A broken invariant of replicated state never comes
// here: it stops the replica (coordinator/group/group-driver.ts).

import { status } from "@grpc/grpc-js";
import type { Log } from "../../base/log.ts";
import { RpcError, rpcError } from "../rpc-error.ts";

const ID_LENGTH = 8;

export class InternalErrors {
  readonly #log: Log;
  /** The process whose log has the line, for the caller: "coordinator n1". */
  readonly #process: string;
  #count = 0;

  constructor(process: string, log: Log) {
    this.#process = process;
    this.#log = log;
  }

  /** Since the process started. */
  get count(): number {
    return this.#count;
  }

  /** The answer to the caller for `error`, which `where` has thrown. */
  answer(error: unknown, where: string): RpcError {
    if (error instanceof RpcError) return error;
    const id = this.note(error, where);
    const message = `${this.#process} hit a bug in ${where}; see its log for the id ${id}`;
    return rpcError(status.INTERNAL, "INTERNAL", message, { id, process: this.#process });
  }

  /** For what may be refused without harm: an RpcError is ignored, and anything else is noted. */
  noteBug(error: unknown, where: string): void {
    if (!(error instanceof RpcError)) this.note(error, where);
  }

  /** Logs and counts `error`; returns its id. */
  note(error: unknown, where: string): string {
    const id = crypto.randomUUID().slice(0, ID_LENGTH);
    this.#count += 1;
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#log.error("internal error", { id, where, error: stack });
    return id;
  }

  /** Wraps `action` for a timer or a listener: an exception or rejection is noted and ends only this run. */
  guard(where: string, action: () => unknown): () => void {
    return () => {
      try {
        const result = action();
        if (result instanceof Promise) result.catch((error: unknown) => this.note(error, where));
      } catch (error) {
        this.note(error, where);
      }
    };
  }
}
