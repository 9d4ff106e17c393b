// Places for calls that cost memory for as long as they last: so many in all, and so many of one identity. What must stay
// true: one certificate cannot take the places of all others, and others never keep an administrator out.

import { status } from "@grpc/grpc-js";
import { rpcError } from "../../wire/rpc-error.ts";
import { formatIdentity, type Identity } from "../../wire/tls/identity.ts";

const RETRY_AFTER_MS = 5_000;
const ADMIN = formatIdentity({ kind: "admin" });

export interface PlaceLimits {
  /** Of all but administrators, who have as many of their own. */
  readonly total: number;
  readonly perIdentity: number;
  /** The stable reason of a refusal. */
  readonly reason: string;
  /** Ends the sentence "256 callers …". */
  readonly doing: string;
}

export class Places {
  readonly #limits: PlaceLimits;
  /** Taken places by identity, none of them 0. */
  readonly #taken = new Map<string, number>();
  /** Without administrators'. */
  #others = 0;

  constructor(limits: PlaceLimits) {
    this.#limits = limits;
  }

  /** Takes a place until the returned function is called, once or again. Throws the RpcError of a refusal. */
  take(identity: Identity): () => void {
    const { reason, doing } = this.#limits;
    const leave = this.tryTake(identity);
    if (typeof leave === "function") return leave;
    throw rpcError(status.RESOURCE_EXHAUSTED, reason, `${leave.whose} ${doing} already`, {}, RETRY_AFTER_MS);
  }

  /** As `take`, but returns who has taken all places. */
  tryTake(identity: Identity): (() => void) | { readonly whose: string } {
    const name = formatIdentity(identity);
    const whose = this.#fullOf(name);
    if (whose !== null) return { whose };
    this.#add(name, 1);
    let isTaken = true;
    return () => {
      if (isTaken) this.#add(name, -1);
      isTaken = false;
    };
  }

  #fullOf(name: string): string | null {
    const { total, perIdentity } = this.#limits;
    const own = this.#taken.get(name) ?? 0;
    const isFull = (name === ADMIN ? own : this.#others) >= total;
    if (isFull) return `${total} callers`;
    return name === ADMIN || own < perIdentity ? null : `${perIdentity} callers with this identity`;
  }

  #add(name: string, change: 1 | -1): void {
    const count = (this.#taken.get(name) ?? 0) + change;
    if (count === 0) this.#taken.delete(name);
    else this.#taken.set(name, count);
    if (name !== ADMIN) this.#others += change;
  }
}
