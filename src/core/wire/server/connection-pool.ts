// Which connections a port keeps when there are too many: pure. What must stay true: a pool never exceeds its
// room. When it is full, the holder with the most connections loses one, so that one holder can't keep the
// others out. Even while the pool has room, a holder can't exceed its own number.

import { present } from "../../base/assert.ts";

export interface Pooled {
  /** The owner: an identity, or an address while the identity is unknown. */
  readonly holder: string;
  /** The most connections its holder may have, even while there is room. */
  readonly holderMax: number;
  end(): void;
}

/** Which of a holder's connections is closed: the oldest of silent ones, the newest of working ones. */
type Victim = "oldest" | "newest";

export class ConnectionPool {
  readonly #room: number;
  readonly #victim: Victim;
  /** By holder, each in order of arrival. */
  readonly #byHolder = new Map<string, Set<Pooled>>();
  #size = 0;

  constructor(room: number, victim: Victim) {
    this.#room = room;
    this.#victim = victim;
  }

  get size(): number {
    return this.#size;
  }

  /** Adds it and closes a connection if needed, perhaps this one. */
  add(connection: Pooled): void {
    const { holder } = connection;
    const own = this.#byHolder.get(holder) ?? new Set();
    this.#byHolder.set(holder, own.add(connection));
    this.#size += 1;
    if (own.size > connection.holderMax) this.#end(this.#victimOf(own));
    else if (this.#size > this.#room) this.#end(this.#inHeaviest());
  }

  /** It is no error if it is missing: it may have been closed for another. */
  remove(connection: Pooled): void {
    const own = this.#byHolder.get(connection.holder);
    if (own?.delete(connection) !== true) return;
    this.#size -= 1;
    if (own.size === 0) this.#byHolder.delete(connection.holder);
  }

  #inHeaviest(): Pooled {
    const all = [...this.#byHolder.values()];
    return this.#victimOf(all.reduce((most, own) => (own.size > most.size ? own : most)));
  }

  #victimOf(own: ReadonlySet<Pooled>): Pooled {
    const all = [...own];
    return present(this.#victim === "oldest" ? all[0] : all.at(-1), "the heaviest holder has a connection");
  }

  #end(victim: Pooled): void {
    this.remove(victim);
    victim.end();
  }
}
