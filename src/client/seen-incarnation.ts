// The incarnation of the cluster that a client has met first. What it remembers is of that one: its session, the versions
// that it has read, the index of its last write. It says so with every request that depends on them, and is refused by
// any other incarnation (INCARNATION_CHANGED). What must stay true: only such a refusal, which the caller sees, makes the
// client forget the one that it has met.

import { readRpcError } from "../core/wire/rpc-error.ts";

export class SeenIncarnation {
  #id: string | undefined;

  /** Undefined: none was met yet, or only servers that know none. */
  get id(): string | undefined {
    return this.#id;
  }

  /** An answer came from this one. */
  see(id: string | undefined): void {
    if (id !== undefined && id !== "") this.#id ??= id;
  }

  /** A call has failed; whether because the incarnation is another one now. */
  failed(error: unknown): boolean {
    if (readRpcError(error).reason !== "INCARNATION_CHANGED") return false;
    this.#id = undefined;
    return true;
  }
}
