// What the log says to etcd and hears from it: data only. What carries it is behind the port (log-store.ts).

import type { LogIndex, NodeId, Term } from "../base/ids.ts";

/** A key as etcd has it. `lease`: "0" without one. */
export interface StoredKey {
  readonly key: string;
  readonly value: Uint8Array;
  readonly created: number;
  readonly lease: string;
}

/** What must be true of a key for a write to take effect. `created`: the revision that created it. */
export type Condition =
  | { readonly kind: "absent"; readonly key: string }
  | { readonly kind: "equals"; readonly key: string; readonly value: Uint8Array }
  | { readonly kind: "created"; readonly key: string; readonly revision: number };

export interface Put {
  readonly key: string;
  readonly value: Uint8Array;
  /** The key ends with this lease. */
  readonly lease?: string;
}

/** One transaction: all puts and erasures take effect together, if every condition holds. */
export interface GuardedWrite {
  readonly conditions: readonly Condition[];
  readonly puts: readonly Put[];
  readonly erases: readonly string[];
}

/** The end of the log. `raw`: as it is stored, for the next comparison. */
export interface Head {
  readonly index: LogIndex;
  readonly term: Term;
  readonly clusterId: string;
  readonly raw: Uint8Array;
}

interface LeaderKey {
  readonly node: NodeId;
  readonly term: Term;
  /** The fence: no later leader's key has the same. */
  readonly created: number;
  readonly lease: string;
}

/** The replica that the last leader named to take over. */
interface Successor {
  readonly node: NodeId;
  readonly term: Term;
}

/** The keys that decide who may append, read together at one revision. */
export interface View {
  readonly revision: number;
  readonly head: Head | null;
  readonly leader: LeaderKey | null;
  readonly successor: Successor | null;
}

/** Entries that were appended together: `commands[n]` has the index `first + n`. */
export interface Batch {
  readonly term: Term;
  readonly first: LogIndex;
  readonly commands: readonly Uint8Array[];
}

/** A linearizable read of at most `batches`, from the one that has the index `from` on. It fails after `limitMs`. */
export interface Wanted {
  readonly from: LogIndex;
  readonly batches: number;
  readonly limitMs: number;
}

/** Batches as one linearizable read found them. */
export interface Fetched {
  readonly revision: number;
  readonly batches: readonly Batch[];
}

export const lastOf = ({ first, commands }: Batch): LogIndex => (first + commands.length - 1) as LogIndex;

/** What happened to a guarded write. A refused one has changed nothing; `view`: why. */
export type WriteAnswer =
  | { readonly kind: "done"; readonly revision: number }
  | { readonly kind: "refused"; readonly view: View }
  /** It may have taken effect, or may still do so. */
  | { readonly kind: "unknown" };

/** A request that the log wants made. Each gets one answer. */
export type Ask =
  /** A linearizable read of the keys of `View`. */
  | { readonly kind: "look" }
  | { readonly kind: "write"; readonly write: GuardedWrite }
  | { readonly kind: "fetch"; readonly wanted: Wanted };
