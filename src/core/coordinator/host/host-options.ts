// What a host of groups is made of, what it asks of each group's owner, and what it counts.

import type { GroupId, LogIndex, NodeId } from "../../base/ids.ts";
import type { Timers } from "../../base/timers.ts";
import type { Message } from "../../raft/message.ts";
import type { Transport } from "../../transport/transport.ts";
import type { TimingProfile } from "./profile.ts";

/** The special rules of a group; its owner may ask the host for more. */
export interface GroupRules {
  /** Whether it may become quiescent when there is no work. */
  readonly mayQuiesce: boolean;
  /** Whether its clock runs now. */
  ticks(): boolean;
  /** Whether this message may be accepted now. */
  accepts(message: Message): boolean;
  /**
   * Whether the host may start a campaign now, before the replica's own clock does. That clock does not ask (raft/tick.ts): `ticks`
   * stops it.
   */
  mayCampaign(): boolean;
}

export interface HostOptions {
  readonly self: NodeId;
  readonly transport: Transport;
  readonly profile: TimingProfile;
  /** Which groups keep old segments of the log (ADR-0008); absent = none. */
  readonly disk?: { pinned(): ReadonlyMap<GroupId, LogIndex> };
  /** A peer named a group that is not here: called once for each group, up to a limit. */
  readonly onUnknownGroup?: (group: GroupId, peer: NodeId) => void;
  /** The system's by default. A seam: simulations have a clock of their own. */
  readonly timers?: Timers;
  /** Runs a turn after the present callback; by default `soonOncePerPass`. A seam: simulations decide. */
  readonly later?: (run: () => void) => void;
  /**
   * Runs `run` once the data waiting in sockets were read; by default at the end of the event loop's pass. A
   * seam.
   */
  readonly afterReading?: (run: () => void) => void;
}

export interface HostCounts {
  readonly hosted: number;
  readonly led: number;
  readonly quiescent: number;
  readonly leaderless: number;
}
