// Which connections a port keeps when there are too many: pure. What must stay true: a pool never has more than its room,
// and when it is full, the address that has the most gives way. So one address alone can't keep the others out.

import { present } from "../base/assert.ts";

export interface Pooled {
  readonly address: string;
  end(): void;
}

/** Which of an address's connections gives way: one that says nothing is the oldest, one that works was there first. */
type Victim = "oldest" | "newest";

export class ConnectionPool {
  readonly #room: number;
  readonly #victim: Victim;
  /** By address, each in the order they came. */
  readonly #byAddress = new Map<string, Set<Pooled>>();
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
    const { address } = connection;
    const own = this.#byAddress.get(address) ?? new Set();
    this.#byAddress.set(address, own.add(connection));
    this.#size += 1;
    if (this.#size <= this.#room) return;
    const victim = this.#inHeaviest();
    this.remove(victim);
    victim.end();
  }

  /** One that is not here is no error: it may have given way. */
  remove(connection: Pooled): void {
    const own = this.#byAddress.get(connection.address);
    if (own?.delete(connection) !== true) return;
    this.#size -= 1;
    if (own.size === 0) this.#byAddress.delete(connection.address);
  }

  #inHeaviest(): Pooled {
    const all = [...this.#byAddress.values()];
    const heaviest = [...all.reduce((most, own) => (own.size > most.size ? own : most))];
    const victim = this.#victim === "oldest" ? heaviest[0] : heaviest.at(-1);
    return present(victim, "the heaviest address has a connection");
  }
}
