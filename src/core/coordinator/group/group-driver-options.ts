// The options of a driver: the group's core, machine and storage, and its connections to the rest of the
// process. Data only.

import type { Message } from "../../raft/message.ts";
import type { RaftNode } from "../../raft/raft-node.ts";
import type { Dropped } from "./dropped-messages.ts";
import type { GroupMeter } from "./group-meter.ts";
import type { Machine } from "./machine.ts";
import type { OwnSnapshotsOptions } from "./own-snapshots.ts";
import type { MaySend } from "./snapshot-hold.ts";

export interface GroupDriverOptions<Result>
  extends Omit<OwnSnapshotsOptions, "machine" | "meter" | "followers"> {
  readonly raft: RaftNode;
  readonly machine: Machine<Result>;
  readonly send: (message: Message) => void;
  /** Distinguishes this process's read requests from those of its earlier lives. */
  readonly incarnation: number;
  readonly onLeadership: (leads: boolean) => void;
  /** Counts and times for operators; it uses `now` when absent. */
  readonly meter?: GroupMeter;
  /** Whether the applied state can be trusted (ADR-0017); absent = always. */
  readonly trust?: { readonly isTrusted: boolean };
  /** Whether a snapshot may be sent to a follower now; absent = always. */
  readonly maySend?: MaySend;
  /**
   * What to wait for between two slices of a snapshot; by default a turn for other work. A seam: simulations
   * decide.
   */
  readonly pause?: () => Promise<unknown>;
  /**
   * Runs the driver's next turn after the present callback: the host's, for all groups together. `mayWait`: at the end of
   * the event loop's pass is soon enough, so that more shares it.
   */
  readonly schedule: (turn: () => void, mayWait: boolean) => void;
  /** Called with every dropped message. */
  readonly onDropped?: (dropped: Dropped) => void;
  /** Called when some part of this process needs the group, so it must not stay quiescent. */
  readonly onActive: () => void;
}
