// "If two logs contain an entry with the same index and term, then the logs are identical in all entries up through
// the given index" (Raft Figure 3). By induction: an entry's index and term decide its content and the term of the
// entry before it.

import type { Term } from "../../base/ids.ts";
import type { LogReader } from "../../raft/log-reader.ts";
import type { Entry } from "../../raft/message.ts";
import { check } from "../violation.ts";

interface KnownEntry {
  readonly entry: Entry;
  readonly before: Term | null;
}

export class LogMatching {
  /** By index, then by term. */
  readonly #known: Map<Term, KnownEntry>[] = [];

  /** `entries` are about to be written to the log that `reader` shows. */
  writes(reader: LogReader, entries: readonly Entry[], restartsAt: Term | null): void {
    let before = restartsAt;
    for (const [position, entry] of entries.entries()) {
      if (position === 0 && before === null) {
        const previous = reader.term((entry.index - 1) as Entry["index"]);
        before = typeof previous === "number" ? previous : null;
      }
      this.#compare(entry, before);
      before = entry.term;
    }
  }

  #compare(entry: Entry, before: Term | null): void {
    const terms = this.#known[entry.index] ?? new Map<Term, KnownEntry>();
    this.#known[entry.index] = terms;
    const known = terms.get(entry.term);
    if (known === undefined) {
      terms.set(entry.term, { entry, before });
      return;
    }
    const name = `entry ${entry.index} of term ${entry.term}`;
    check(isSame(known.entry, entry), "log matching", () => `${name} has two contents`);
    const agrees = known.before === null || before === null || known.before === before;
    check(agrees, "log matching", () => `${name} follows terms ${known.before} and ${before}`);
    if (known.before === null && before !== null) terms.set(entry.term, { entry, before });
  }
}

function isSame(a: Entry, b: Entry): boolean {
  if (a === b || (a.data === b.data && a.type === b.type)) return true;
  return (
    a.type === b.type && a.data.length === b.data.length && a.data.every((byte, at) => byte === b.data[at])
  );
}
