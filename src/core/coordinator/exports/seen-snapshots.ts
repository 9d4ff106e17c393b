// Which exported snapshots a leader has seen in its store, and how many have vanished. If none of them is
// there any more, the disk is not mounted, or an operator removed them. If one is left, nothing is wrong:
// retention and operators delete some. Deliberately absent: snapshots from before this replica led.

export type SeenChange = "vanished" | "returned" | null;

export class SeenSnapshots {
  #seen: ReadonlySet<string> = new Set();
  #vanished: ReadonlySet<string> = new Set();

  /** How many that were there are gone; 0 as soon as one of them is back. */
  get vanished(): number {
    return this.#vanished.size;
  }

  /** The names that a listing of the store returned. */
  listed(names: readonly string[]): SeenChange {
    const there = new Set(names);
    const change = this.#changeOf(there);
    if (change === "vanished") this.#vanished = new Set([...this.#vanished, ...this.#seen]);
    if (change === "returned") this.#vanished = new Set();
    this.#seen = there;
    return change;
  }

  added(name: string): void {
    this.#seen = new Set([...this.#seen, name]);
  }

  #changeOf(there: ReadonlySet<string>): SeenChange {
    const isThere = (name: string) => there.has(name);
    if ([...this.#vanished].some(isThere)) return "returned";
    return this.#seen.size > 0 && ![...this.#seen].some(isThere) ? "vanished" : null;
  }
}
