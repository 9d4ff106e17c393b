// The replicated state: the tables, and the index through which the log has been applied.
// What must stay true: only `apply` and restoring a snapshot change tables; a capture never changes.
// Deliberately absent: what shards report (soft, on the leader, in the coordinator) and the log itself.

import { assert } from "../base/assert.ts";
import { type LogIndex, logIndex } from "../base/ids.ts";
import { FIRST_VERSION } from "./format.ts";
import { type Lanes, printLanes } from "./row-hash.ts";
import { CLUSTER_VERSION_KEY, type Rows, schemas } from "./schema.ts";
import { recount, type ShardCounts } from "./shard-counts.ts";
import { type ReadonlyTable, Table } from "./table.ts";

/**
 * A table whose changes can be watched. What a client's writes came to and a drill's probes are no business of others;
 * how far the audit log is exported is told with its list, and the cluster version with the status.
 */
export type WatchedTable = Exclude<
  keyof Rows,
  "outcomes" | "probes" | "auditExports" | "clusterVersions" | "incarnations"
>;

/** A row as it is after a change; null = it was removed. */
export type RowChange = {
  readonly [Name in WatchedTable]: {
    readonly table: Name;
    readonly key: Rows[Name][0];
    readonly row: Readonly<Rows[Name][1]> | null;
  };
}[WatchedTable];

type FleetTables = { readonly [Name in keyof Rows]: Table<Rows[Name][0], Rows[Name][1]> };
type ReadonlyTables = { readonly [Name in keyof Rows]: ReadonlyTable<Rows[Name][0], Rows[Name][1]> };

/** A state as readers see it: the live one, or a capture of it. */
export interface FleetView {
  readonly appliedIndex: LogIndex;
  readonly tables: ReadonlyTables;
  /** How many all tables have together. */
  readonly rows: number;
  /** By which rows are written and operations may be proposed (format.ts). It only rises. */
  readonly clusterVersion: number;
  /** Digest of all rows, 16 hexadecimal digits: equal on all replicas at an equal applied index. */
  hash(): string;
}

export class FleetState implements FleetView {
  readonly tables: FleetTables;
  readonly #counts = newCounts();
  readonly #all: readonly { readonly digest: Lanes }[];
  #appliedIndex: LogIndex = logIndex(0);
  #changes: RowChange[] = [];

  /** Empty; or with the given tables, which nobody watches. */
  constructor(tables?: FleetTables) {
    this.tables = tables ?? newTables((change) => this.#changes.push(change), this.#counts);
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

  /** Of a state that is not a fork. */
  get counts(): ShardCounts {
    return this.#counts;
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

  /** What changed in the watched tables since this was last asked, in the order of the changes. */
  takeChanges(): readonly RowChange[] {
    const changes = this.#changes;
    this.#changes = [];
    return changes;
  }

  /** An O(1) copy that applying further commands does not change. */
  capture(): FleetView {
    const hash = this.hash();
    const tables = captured(this.tables);
    const { appliedIndex, clusterVersion } = this;
    return { appliedIndex, tables, rows: rowsOf(tables), clusterVersion, hash: () => hash };
  }

  /** Who the members are, and nothing else: what a replica goes by while its state is replaced. It has no watchers. */
  withoutRows(): FleetState {
    const rest = new FleetState({
      ...captured(new FleetState().tables),
      members: this.tables.members.capture(),
    });
    rest.#appliedIndex = this.#appliedIndex;
    return rest;
  }

  /** An O(1) copy to try commands on. It has no watchers. */
  fork(): FleetState {
    const copy = new FleetState(captured(this.tables));
    copy.#appliedIndex = this.#appliedIndex;
    return copy;
  }
}

type Counts = { readonly [Name in keyof ShardCounts]: Map<string, number> };

function newCounts(): Counts {
  return { clusters: new Map(), domains: new Map(), instructions: new Map() };
}

function newTables(onChange: (change: RowChange) => void, counts: Counts): FleetTables {
  return {
    shards: new Table(schemas.shards, (key, row) => onChange({ table: "shards", key, row })),
    bindings: new Table(schemas.bindings, (key, row, before) => {
      recount(counts.clusters, before, row);
      onChange({ table: "bindings", key, row });
    }),
    domains: new Table(schemas.domains, (key, row, before) => {
      recount(counts.domains, before, row);
      onChange({ table: "domains", key, row });
    }),
    probes: new Table(schemas.probes),
    sessions: new Table(schemas.sessions, (key, row) => onChange({ table: "sessions", key, row })),
    outcomes: new Table(schemas.outcomes),
    members: new Table(schemas.members, (key, row) => onChange({ table: "members", key, row })),
    audit: new Table(schemas.audit, (key, row) => onChange({ table: "audit", key, row })),
    auditExports: new Table(schemas.auditExports),
    instructions: new Table(schemas.instructions, (key, row, before) => {
      recount(counts.instructions, before, row);
      onChange({ table: "instructions", key, row });
    }),
    providers: new Table(schemas.providers, (key, row) => onChange({ table: "providers", key, row })),
    quotas: new Table(schemas.quotas, (key, row) => onChange({ table: "quotas", key, row })),
    gates: new Table(schemas.gates, (key, row) => onChange({ table: "gates", key, row })),
    clusterVersions: new Table(schemas.clusterVersions),
    incarnations: new Table(schemas.incarnations),
  };
}

function captured(tables: FleetTables): FleetTables {
  return {
    shards: tables.shards.capture(),
    bindings: tables.bindings.capture(),
    domains: tables.domains.capture(),
    probes: tables.probes.capture(),
    sessions: tables.sessions.capture(),
    outcomes: tables.outcomes.capture(),
    members: tables.members.capture(),
    audit: tables.audit.capture(),
    auditExports: tables.auditExports.capture(),
    instructions: tables.instructions.capture(),
    providers: tables.providers.capture(),
    quotas: tables.quotas.capture(),
    gates: tables.gates.capture(),
    clusterVersions: tables.clusterVersions.capture(),
    incarnations: tables.incarnations.capture(),
  };
}

function clusterVersionOf({ clusterVersions }: ReadonlyTables): number {
  return clusterVersions.get(CLUSTER_VERSION_KEY)?.version ?? FIRST_VERSION;
}

function rowsOf(tables: ReadonlyTables): number {
  return Object.values(tables).reduce((sum, { size }) => sum + size, 0);
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
