// Which connections a port keeps when there are too many: pure. What must stay true: a pool never has more than its room,
// and when it is full, the holder that has the most gives way. So one alone can't keep the others out, and it can't
// have more than its own number while the pool has room.

import { present } from "../../base/assert.ts";

export interface Pooled {
  /** Whose it is: an identity, or an address while that is all that is known. */
  readonly holder: string;
  /** So many connections its holder may have, even while there is room. */
  readonly holderMax: number;
  end(): void;
}

/** Which of a holder's connections gives way: one that says nothing is the oldest, one that works was there first. */
type Victim = "oldest" | "newest";

export class ConnectionPool {
  readonly #room: number;
  readonly #victim: Victim;
  /** By holder, each in the order they came. */
  readonly #byHolder = new Map<string, Set<Pooled>>();
  #size = 0;

  constructor(room: number, victim: Victim) {
    this.#room = room;
    this.#victim = victim;
  }

  get size(): number {
    return this.#size;
  }

  /** Takes it in; what must go for it is ended, maybe itself. */
  add(connection: Pooled): void {
    const { holder } = connection;
    const own = this.#byHolder.get(holder) ?? new Set();
    this.#byHolder.set(holder, own.add(connection));
    this.#size += 1;
    if (own.size > connection.holderMax) this.#end(this.#victimOf(own));
    else if (this.#size > this.#room) this.#end(this.#inHeaviest());
  }

  /** One that is not here is no error: it may have given way. */
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
