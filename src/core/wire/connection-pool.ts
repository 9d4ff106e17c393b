// Which connections a port keeps when there are too many: pure. What must stay true: a pool never has more than its room,
// and when it is full, the holder that has the most gives way. So one alone can't keep the others out.

import { present } from "../base/assert.ts";

export interface Pooled {
  /** Whose it is: an identity, or an address while that is all that is known. */
  readonly holder: string;
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
    if (this.#size <= this.#room) return;
    const victim = this.#inHeaviest();
    this.remove(victim);
    victim.end();
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
    const heaviest = [...all.reduce((most, own) => (own.size > most.size ? own : most))];
    const victim = this.#victim === "oldest" ? heaviest[0] : heaviest.at(-1);
    return present(victim, "the heaviest holder has a connection");
  }
}
