// Calls that last: waits for locks and elections, observers, keep-alives. Each began with permissions that a change of roles
// may take away. What must stay true: such a call ends at that change, not when something next happens in it. So a caller
// without permission keeps no place, and no key in a queue.

import type { Slicing } from "../../fleet/slices.ts";
import { RpcError } from "../../wire/rpc-error.ts";
import type { LargeWork } from "../calls/large-work.ts";
import { ETCD_ERRORS } from "./etcd-errors.ts";
import type { KeyAccess } from "./key-access.ts";

/** Reviewed in one turn: each may need the rights of another identity. */
const CALLS_AT_ONCE = 64;
/** Its place among callers with large work. */
const REVIEW = "review of waiting callers";

export interface Revocable {
  /** Throws the RpcError of a permission that is missing now. */
  readonly check: () => void;
  readonly end: (error: RpcError) => void;
}

export class RevocableCalls {
  readonly #work: Pick<LargeWork, "run">;
  readonly #calls = new Set<Revocable>();
  #isDue = false;
  #isRunning = false;

  constructor(access: Pick<KeyAccess, "onChange">, work: Pick<LargeWork, "run">) {
    this.#work = work;
    access.onChange(() => this.#review());
  }

  /** Returns what is to be called when the call has ended. */
  add(call: Revocable): () => void {
    this.#calls.add(call);
    return () => this.#calls.delete(call);
  }

  // A change during a review has another one after it.
  #review(): void {
    this.#isDue = true;
    if (this.#isRunning) return;
    this.#isRunning = true;
    void this.#work.run(REVIEW, this.#reviewDue());
  }

  *#reviewDue(): Slicing<void> {
    while (this.#isDue) {
      this.#isDue = false;
      for (const [at, call] of [...this.#calls].entries()) {
        if (at > 0 && at % CALLS_AT_ONCE === 0) yield;
        if (this.#calls.has(call) && lacksPermission(call)) call.end(ETCD_ERRORS.permissionDenied);
      }
    }
    this.#isRunning = false;
  }
}

/** While a snapshot replaces the tables, permissions are unknown: that ends no call. */
function lacksPermission({ check }: Revocable): boolean {
  try {
    check();
    return false;
  } catch (error) {
    if (error === ETCD_ERRORS.permissionDenied) return true;
    if (error instanceof RpcError) return false;
    throw error;
  }
}
