// The replicated state: the tables, and the index through which the log has been applied. What must stay
// true: only `apply` and restoring a snapshot change tables; a capture never changes. Deliberately absent:
// what shards report (soft state of the leader, in the coordinator) and the log itself.

import { assert } from "../base/assert.ts";
import { type LogIndex, logIndex } from "../base/ids.ts";
import { FIRST_VERSION } from "./format.ts";
import { type Lanes, printLanes } from "./tables/row-hash.ts";
import { type Rows, schemas } from "./tables/schema.ts";
import { recount, type ShardCounts } from "./tables/shard-counts.ts";
import { type OnChange, type ReadonlyTable, Table } from "./tables/table.ts";

/**
 * A table whose changes can be watched. Not watchable: outcomes of clients' writes and a drill's probes are
 * private. The audit export is in the audit list, the cluster version in the status, and revocations have a
 * stream of their own. Roles, grants and groups change rarely, and the audit log has each change. The steps of
 * a plan are removed at once.
 */
export type WatchedTable = Exclude<
  keyof Rows,
  | "outcomes"
  | "probes"
  | "auditExports"
  | "clusterVersions"
  | "incarnations"
  | "revocations"
  | "revocationLists"
  | "roles"
  | "grants"
  | "plans"
  | "planSteps"
  | "groups"
>;

/** A row after a change; null = it was removed. */
export type RowChange = {
  readonly [Name in WatchedTable]: {
    readonly table: Name;
    readonly key: Rows[Name][0];
    readonly row: Readonly<Rows[Name][1]> | null;
  };
}[WatchedTable];

type FleetTables = { readonly [Name in keyof Rows]: Table<Rows[Name][0], Rows[Name][1]> };
/** Called with each change of a table; null = not watched. */
type Watchers = { readonly [Name in keyof Rows]: OnChange<Rows[Name][0], Rows[Name][1]> | null };
type ReadonlyTables = { readonly [Name in keyof Rows]: ReadonlyTable<Rows[Name][0], Rows[Name][1]> };

/** A state as readers see it: the live one, or a capture of it. */
export interface FleetView {
  readonly appliedIndex: LogIndex;
  readonly tables: ReadonlyTables;
  /** Number of rows in all tables together. */
  readonly rows: number;
  /**
   * The version that decides how rows are written and which operations may be proposed (format.ts). It only
   * rises.
   */
  readonly clusterVersion: number;
  /** Digest of all rows, 16 hexadecimal digits: the same on all replicas at the same applied index. */
  hash(): string;
}

export class FleetState implements FleetView {
  readonly tables: FleetTables;
  readonly #counts: Counts;
  readonly #all: readonly { readonly digest: Lanes }[];
  #appliedIndex: LogIndex = logIndex(0);
  #changes: RowChange[] = [];
  /** A draft is about to replace this state. */
  #hasDraft = false;

  /** Empty by default. `make` creates its tables, which report their changes to the watchers. */
  constructor(make: (watchers: Watchers) => FleetTables = newTables, counts: Counts = newCounts()) {
    this.#counts = counts;
    this.tables = make(watchersOf((change) => this.#changes.push(change), counts));
    this.#all = Object.values(this.tables);
  }

  get appliedIndex(): LogIndex {
    return this.#appliedIndex;
  }

  get rows(): number {
    return rowsOf(this.tables);
  }

  get clusterVersion(): number {
    return clusterVersionOf(this.tables);
  }

  /** A fork has the counts of the state that it was made from. */
  get counts(): ShardCounts {
    return this.#counts;
  }

  /** For log entries that carry no command (a new leader's, a membership change): only the index changes. */
  advanceTo(index: LogIndex): void {
    assert(Number.isSafeInteger(index), "a log index is a safe integer");
    assert(!this.#hasDraft, "a state that has a draft is not changed any more");
    assert(index > this.#appliedIndex, "entries are applied in log order, each once");
    this.#appliedIndex = index;
  }

  /** The applied index is not included: an entry without a command changes the index and no row. */
  digest(): Lanes {
    return sumDigests(this.#all);
  }

  hash(): string {
    return printLanes(this.digest());
  }

  /** The changes in the watched tables since the last call, in order. */
  takeChanges(): readonly RowChange[] {
    const changes = this.#changes;
    this.#changes = [];
    return changes;
  }

  /** An O(1) copy that later commands do not change. */
  capture(): FleetView {
    const hash = this.hash();
    const tables = captured(this.tables);
    const { appliedIndex, clusterVersion } = this;
    return { appliedIndex, tables, rows: rowsOf(tables), clusterVersion, hash: () => hash };
  }

  /** A state with only the members: a replica needs them while its state is replaced. It has no watchers. */
  withoutRows(): FleetState {
    const rest = new FleetState(() => ({
      ...newTables(NO_WATCHERS),
      members: this.tables.members.capture(),
    }));
    rest.#appliedIndex = this.#appliedIndex;
    return rest;
  }

  /** An O(1) copy to try commands on. It has no watchers. */
  fork(): FleetState {
    const copy = new FleetState(() => captured(this.tables), this.#counts);
    copy.#appliedIndex = this.#appliedIndex;
    return copy;
  }

  /**
   * An O(1) copy that replaces this state once an entry is applied to it. It has its own watchers and counts,
   * and this state must not change any more.
   */
  draft(): FleetState {
    assert(!this.#hasDraft && this.#changes.length === 0, "one entry is applied after another");
    this.#hasDraft = true;
    const { clusters, domains, instructions } = this.#counts;
    const counts = {
      clusters: new Map(clusters),
      domains: new Map(domains),
      instructions: new Map(instructions),
    };
    const draft = new FleetState((watchers) => drafted(this.tables, watchers), counts);
    draft.#appliedIndex = this.#appliedIndex;
    return draft;
  }
}

const NO_WATCHERS: Watchers = {
  ...{
    shards: null,
    bindings: null,
    domains: null,
    probes: null,
    sessions: null,
    outcomes: null,
    members: null,
  },
  ...{ audit: null, auditExports: null, instructions: null, providers: null, quotas: null, gates: null },
  ...{ clusterVersions: null, incarnations: null, revocations: null, revocationLists: null },
  ...{ roles: null, grants: null, plans: null, planSteps: null, groups: null },
};

type Counts = { readonly [Name in keyof ShardCounts]: Map<string, number> };

function newCounts(): Counts {
  return { clusters: new Map(), domains: new Map(), instructions: new Map() };
}

function watchersOf(onChange: (change: RowChange) => void, counts: Counts): Watchers {
  return {
    ...NO_WATCHERS,
    shards: (key, row) => onChange({ table: "shards", key, row }),
    bindings: (key, row, before) => {
      recount(counts.clusters, before, row);
      onChange({ table: "bindings", key, row });
    },
    domains: (key, row, before) => {
      recount(counts.domains, before, row);
      onChange({ table: "domains", key, row });
    },
    sessions: (key, row) => onChange({ table: "sessions", key, row }),
    members: (key, row) => onChange({ table: "members", key, row }),
    audit: (key, row) => onChange({ table: "audit", key, row }),
    instructions: (key, row, before) => {
      recount(counts.instructions, before, row);
      onChange({ table: "instructions", key, row });
    },
    providers: (key, row) => onChange({ table: "providers", key, row }),
    quotas: (key, row) => onChange({ table: "quotas", key, row }),
    gates: (key, row) => onChange({ table: "gates", key, row }),
  };
}

function newTables(watchers: Watchers): FleetTables {
  return tablesBy((name) => new Table(schemas[name], watchers[name]));
}

function captured(tables: FleetTables): FleetTables {
  return tablesBy((name) => tables[name].capture());
}

function drafted(tables: FleetTables, watchers: Watchers): FleetTables {
  return tablesBy((name) => tables[name].draft(watchers[name]));
}

function tablesBy(
  of: <Name extends keyof Rows>(name: Name) => Table<Rows[Name][0], Rows[Name][1]>,
): FleetTables {
  return {
    shards: of("shards"),
    bindings: of("bindings"),
    domains: of("domains"),
    probes: of("probes"),
    sessions: of("sessions"),
    outcomes: of("outcomes"),
    members: of("members"),
    audit: of("audit"),
    auditExports: of("auditExports"),
    instructions: of("instructions"),
    providers: of("providers"),
    quotas: of("quotas"),
    gates: of("gates"),
    clusterVersions: of("clusterVersions"),
    incarnations: of("incarnations"),
    revocations: of("revocations"),
    revocationLists: of("revocationLists"),
    roles: of("roles"),
    grants: of("grants"),
    plans: of("plans"),
    planSteps: of("planSteps"),
    groups: of("groups"),
  };
}

function clusterVersionOf({ clusterVersions }: ReadonlyTables): number {
  // Its only row. Every command asks for it several times.
  return clusterVersions.lastRow()?.version ?? FIRST_VERSION;
}

function rowsOf(tables: ReadonlyTables): number {
  return Object.values(tables).reduce((sum, { size }) => sum + size, 0);
}

// Runs three times a command. It works on numbers, because temporary objects would be a large part of the
// garbage.
function sumDigests(tables: readonly { readonly digest: Lanes }[]): Lanes {
  let low = 0;
  let high = 0;
  for (const { digest } of tables) {
    low = (low + digest.low) >>> 0;
    high = (high + digest.high) >>> 0;
  }
  return { low, high };
}
