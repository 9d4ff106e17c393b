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

  /** Takes places until the returned function is called, once or again. Throws the RpcError of a refusal. */
  take(identity: Identity, count = 1): () => void {
    const { reason, doing } = this.#limits;
    const leave = this.tryTake(identity, count);
    if (typeof leave === "function") return leave;
    throw rpcError(status.RESOURCE_EXHAUSTED, reason, `${leave.whose} ${doing} already`, {}, RETRY_AFTER_MS);
  }

  /** As `take`, but returns who has taken all places. */
  tryTake(identity: Identity, count = 1): (() => void) | { readonly whose: string } {
    const name = formatIdentity(identity);
    const whose = this.#fullOf(name, count);
    if (whose !== null) return { whose };
    this.#add(name, count);
    let isTaken = true;
    return () => {
      if (isTaken) this.#add(name, -count);
      isTaken = false;
    };
  }

  #fullOf(name: string, count: number): string | null {
    const { total, perIdentity } = this.#limits;
    const own = this.#taken.get(name) ?? 0;
    const isFull = (name === ADMIN ? own : this.#others) + count > total;
    if (isFull) return `${total} callers`;
    return name === ADMIN || own + count <= perIdentity ? null : `${perIdentity} callers with this identity`;
  }

  #add(name: string, change: number): void {
    const count = (this.#taken.get(name) ?? 0) + change;
    if (count === 0) this.#taken.delete(name);
    else this.#taken.set(name, count);
    if (name !== ADMIN) this.#others += change;
  }
}
