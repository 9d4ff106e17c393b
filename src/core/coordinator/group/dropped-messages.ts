// Peers' messages that this replica dropped, counted by reason for operators. A reason that means a fault is
// logged as a warning with the sender: once for each sender, reason and term. What must stay true: a flood
// never fills the log, whatever terms and groups it names.

import type { GroupId, LogIndex, NodeId, Term } from "../../base/ids.ts";
import type { Log } from "../../base/log.ts";
import type { MessageType } from "../../raft/message.ts";
import type { StepError } from "../../raft/step-error.ts";

/**
 * `impossible-change`: a committed configuration change that can't be made, and changes nothing. `unknown-command`: it
 * has an entry that this build does not know.
 */
export type DropReason = StepError | "impossible-change" | "unknown-command";

export interface Dropped {
  readonly group: GroupId;
  readonly reason: DropReason;
  readonly from: NodeId;
  /** The message's type, as the sender wrote it. */
  readonly type: MessageType | string;
  readonly term: Term;
  readonly index: LogIndex;
}

/** For one reason and sender; after these, one warning each time the number of drops has doubled. */
const WARNINGS_MAX = 16;
const SENDERS_MAX = 256;

/** The messages of one sender that were dropped for one reason. */
interface Drops {
  count: number;
  readonly warned: Set<string>;
}

/** What is wrong, and what to do about it; null = it also happens in a healthy fleet. */
const WARNINGS: Readonly<Record<DropReason, readonly [string, string] | null>> = {
  // A removed replica may not know it yet.
  "peer-not-found": null,
  "proposal-dropped": null,
  "local-message": [
    "a peer sent a kind of message that replicas do not send to each other; it was dropped",
    "check which program and version runs as that node",
  ],
  "forwarding-off": [
    "a peer sent a proposal, and only clients may propose; it was dropped",
    "check which program and version runs as that node",
  ],
  malformed: [
    "a peer sent a message that no correct replica sends; it was dropped",
    "check the machine of that node, and which version runs there",
  ],
  "out-of-reach": [
    "a peer sent a term or an index that no correct replica can have reached by now; it was dropped",
    "check which program runs as that node. If this replica was away for months, stop it, move its data folder away and start it again: it takes a copy from its peers",
  ],
  "unknown-command": [
    "a peer sent an entry of the log whose command this build does not know; it was dropped, and nothing of it was stored",
    "if that node runs a newer build, start this node with it (`fleet member list` shows the builds). If it does not, others have its key: revoke its certificate (`fleet cert revoke`)",
  ],
  "impossible-change": [
    "a committed change of the configuration cannot be made, and was left out",
    "compare the versions of the nodes, and look at fleet member list",
  ],
  "peer-ahead": [
    "a peer holds committed entries that this cluster has lost; its acknowledgements are ignored",
    "If the cluster's state is right, stop that node, move its data folder away and start it again. If the lost entries matter, stop all nodes and look with: fleet recover",
  ],
  // The replica stops with an error of its own (lost-entries.ts).
  "committed-entries-lost": null,
  "acknowledged-entries-lost": null,
};

export interface DroppedMessagesOptions {
  readonly log: Log;
  readonly nameOf: (id: NodeId) => string;
}

export class DroppedMessages {
  readonly #options: DroppedMessagesOptions;
  readonly #counts = new Map<DropReason, number>();
  readonly #bySender = new Map<string, Drops>();

  /** For senders beyond the number that is counted separately. */
  readonly #others: Drops = { count: 0, warned: new Set() };

  constructor(options: DroppedMessagesOptions) {
    this.#options = options;
    for (const reason of Object.keys(WARNINGS)) this.#counts.set(reason as DropReason, 0);
  }

  get counts(): ReadonlyMap<DropReason, number> {
    return this.#counts;
  }

  note(dropped: Dropped): void {
    const { reason } = dropped;
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + 1);
    const warning = WARNINGS[reason];
    if (warning !== null) this.#warn(dropped, warning);
  }

  #warn({ group, reason, from, type, term, index }: Dropped, [fact, next]: readonly [string, string]): void {
    const drops = this.#dropsOf(`${reason} ${from}`);
    drops.count += 1;
    const about = `${group} ${term}`;
    if (drops.warned.size >= WARNINGS_MAX ? !isPowerOfTwo(drops.count) : drops.warned.has(about)) return;
    if (drops.warned.size < WARNINGS_MAX) drops.warned.add(about);
    const { log, nameOf } = this.#options;
    log.warn(fact, { peer: nameOf(from), reason, type, group, term, index, drops: drops.count, next });
  }

  #dropsOf(key: string): Drops {
    const known = this.#bySender.get(key);
    if (known !== undefined) return known;
    const fresh: Drops = { count: 0, warned: new Set() };
    // There can only be so many without certificates.
    if (this.#bySender.size >= SENDERS_MAX) return this.#others;
    this.#bySender.set(key, fresh);
    return fresh;
  }
}

function isPowerOfTwo(count: number): boolean {
  return Number.isInteger(Math.log2(count));
}
