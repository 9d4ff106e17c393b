// The replicated state: the tables, and the index through which the log has been applied.
// What must stay true: only `apply` and restoring a snapshot change tables; a capture never changes.
// Deliberately absent: what shards report (soft, on the leader, in the coordinator) and the log itself.

import { assert } from "../base/assert.ts";
import { type LogIndex, logIndex } from "../base/ids.ts";
import { type Lanes, printLanes } from "./row-hash.ts";
import { type Rows, schemas } from "./schema.ts";
import { type ReadonlyTable, Table } from "./table.ts";

type FleetTables = { readonly [Name in keyof Rows]: Table<Rows[Name][0], Rows[Name][1]> };
type ReadonlyTables = { readonly [Name in keyof Rows]: ReadonlyTable<Rows[Name][0], Rows[Name][1]> };

/** A state as readers see it: the live one, or a capture of it. */
export interface FleetView {
  readonly appliedIndex: LogIndex;
  readonly tables: ReadonlyTables;
  /** Digest of all rows, 16 hexadecimal digits: equal on all replicas at an equal applied index. */
  hash(): string;
}

export class FleetState implements FleetView {
  readonly tables: FleetTables = {
    shards: new Table(schemas.shards),
    bindings: new Table(schemas.bindings),
    domains: new Table(schemas.domains),
    probes: new Table(schemas.probes),
    sessions: new Table(schemas.sessions),
    outcomes: new Table(schemas.outcomes),
    members: new Table(schemas.members),
    audit: new Table(schemas.audit),
  };
  readonly #all = Object.values(this.tables);
  #appliedIndex: LogIndex = logIndex(0);

  get appliedIndex(): LogIndex {
    return this.#appliedIndex;
  }

  /** For log entries that carry no command (a new leader's, a membership change): only the index moves. */
  advanceTo(index: LogIndex): void {
    assert(Number.isSafeInteger(index), "a log index is a safe integer");
    assert(index > this.#appliedIndex, "entries are applied in log order, each once");
    this.#appliedIndex = index;
  }

  /** The applied index is no part of it: an entry without a command moves the index and no row. */
  digest(): Lanes {
    return sumDigests(this.#all);
  }

  hash(): string {
    return printLanes(this.digest());
  }

  /** An O(1) copy that applying further commands does not change. */
  capture(): FleetView {
    const { shards, bindings, domains, probes, sessions, outcomes, members, audit } = this.tables;
    const hash = this.hash();
    return {
      appliedIndex: this.#appliedIndex,
      tables: {
        shards: shards.capture(),
        bindings: bindings.capture(),
        domains: domains.capture(),
        probes: probes.capture(),
        sessions: sessions.capture(),
        outcomes: outcomes.capture(),
        members: members.capture(),
        audit: audit.capture(),
      },
      hash: () => hash,
    };
  }
}

// Three times a command: by numbers, since objects in between would be a good part of the garbage.
function sumDigests(tables: readonly { readonly digest: Lanes }[]): Lanes {
  let low = 0;
  let high = 0;
  for (const { digest } of tables) {
    low = (low + digest.low) >>> 0;
    high = (high + digest.high) >>> 0;
  }
  return { low, high };
}
