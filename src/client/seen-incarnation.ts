// The first incarnation of the cluster that a client has met. The client's session, the versions that it has
// read and the index of its last write belong to that incarnation. It names the incarnation with every
// request that depends on them, and any other incarnation refuses (INCARNATION_CHANGED). What must stay true:
// only such a refusal, which the caller sees, makes the client forget its incarnation.

import { readRpcError } from "../core/wire/rpc-error.ts";

export class SeenIncarnation {
  #id: string | undefined;

  /** Undefined: none was met yet, or only servers from before incarnations. */
  get id(): string | undefined {
    return this.#id;
  }

  /** An answer came from this incarnation. */
  see(id: string | undefined): void {
    if (id !== undefined && id !== "") this.#id ??= id;
  }

  /** A call has failed; returns whether the incarnation is another one now. */
  failed(error: unknown): boolean {
    if (readRpcError(error).reason !== "INCARNATION_CHANGED") return false;
    this.#id = undefined;
    return true;
  }
}
