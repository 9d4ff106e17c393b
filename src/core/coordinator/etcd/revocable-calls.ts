// Calls that last: waits for locks and elections, observers, keep-alives. Each began with permissions that a change of roles
// may take away. What must stay true: such a call ends at that change, not when something next happens in it. So a caller
// without permission keeps no place, and no key in a queue.

import type { Slicing } from "../../fleet/slices.ts";
import type { RpcError } from "../../wire/rpc-error.ts";
import type { EtcdContext } from "./etcd-context.ts";
import { ETCD_ERRORS } from "./etcd-errors.ts";
import type { KeyAccess } from "./key-access.ts";

/** Reviewed in one turn: each may need the rights of another identity. */
const CALLS_AT_ONCE = 64;
/** Its place among callers with large work. */
const REVIEW = "review of waiting callers";

type Context = Pick<EtcdContext["fleet"], "largeWork" | "internalErrors">;

export interface Revocable {
  /** Throws the RpcError of a permission that is missing now. */
  readonly check: () => void;
  readonly end: (error: RpcError) => void;
}

export class RevocableCalls {
  readonly #context: Context;
  readonly #calls = new Set<Revocable>();
  #isDue = false;
  #isRunning = false;

  constructor(access: Pick<KeyAccess, "onChange">, context: Context) {
    this.#context = context;
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
    const { largeWork, internalErrors } = this.#context;
    largeWork.run(REVIEW, this.#reviewDue()).catch((error: unknown) => {
      this.#isRunning = false;
      internalErrors.note(error, REVIEW);
    });
  }

  *#reviewDue(): Slicing<void> {
    while (this.#isDue) {
      this.#isDue = false;
      for (const [at, call] of [...this.#calls].entries()) {
        if (at > 0 && at % CALLS_AT_ONCE === 0) yield;
        if (this.#calls.has(call)) this.#reviewCall(call);
      }
    }
    this.#isRunning = false;
  }

  /**
   * While a snapshot replaces the tables, permissions are unknown: that ends no call. A bug ends the call that it was met
   * with: its caller may have lost the permission.
   */
  #reviewCall({ check, end }: Revocable): void {
    try {
      check();
    } catch (error) {
      const answer = this.#context.internalErrors.answer(error, REVIEW);
      if (answer === ETCD_ERRORS.permissionDenied || answer !== error) end(answer);
    }
  }
}
