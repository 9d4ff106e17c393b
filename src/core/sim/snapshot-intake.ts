// What one simulated process does with snapshots that others send it: the real receiver, with the process's own spools,
// machines and time. What must stay true: a part that was on its way to a process which has ended reaches nothing.

import { FLEET_GROUP, type GroupId, logIndex, type NodeId } from "../base/ids.ts";
import { silentLog } from "../base/log.ts";
import type { Timers } from "../base/timers.ts";
import { judgeSnapshot } from "../coordinator/group/judge-snapshot.ts";
import type { Machine } from "../coordinator/group/machine.ts";
import type { Message } from "../raft/message.ts";
import type { SnapshotInbox } from "../transport/snapshot-inbox.ts";
import { SnapshotReceiver, type SnapshotReceiverOptions } from "../transport/snapshot-receiver.ts";
import { rpcError } from "../wire/rpc-error.ts";
import { CLUSTER_ID } from "./open-folder.ts";

const PERMISSION_DENIED = 7;

export interface IntakeOptions {
  readonly self: NodeId;
  readonly inbox: SnapshotInbox;
  readonly gate: SnapshotReceiverOptions["gate"];
  readonly driverOf: (group: GroupId) => Parameters<typeof judgeSnapshot>[0];
  readonly machine: Machine<unknown>;
  readonly groups: { readonly all: ReadonlyMap<GroupId, { readonly machine: Machine<unknown> }> };
  readonly timers: Timers;
  /** When the process comes to its next turn; never, once it has ended. */
  readonly turn: () => Promise<void>;
  /** False once the process has ended. */
  readonly isAlive: () => boolean;
  /** A whole snapshot, to the group. */
  readonly receive: (group: GroupId, message: Message) => void;
}

export class SnapshotIntake {
  readonly #options: IntakeOptions;
  readonly receiver: SnapshotReceiver;

  constructor(options: IntakeOptions) {
    const { self, inbox, gate, machine, groups, timers, turn } = options;
    this.#options = options;
    const machineOf = (group: GroupId) => (group === FLEET_GROUP ? machine : groups.all.get(group)?.machine);
    this.receiver = new SnapshotReceiver(
      {
        ...{ self: { id: self }, clusterId: CLUSTER_ID, inbox, gate, log: silentLog },
        judge: (group, head) => judgeSnapshot(options.driverOf(group), head),
        check: (group, index) => machineOf(group)?.check(logIndex(index)) ?? null,
        pause: turn,
        after: (ms, action) => timers.after(ms, action),
      },
      () => rpcError(PERMISSION_DENIED, "NOT_A_MEMBER", "the sender is another"),
    );
  }

  get isAlive(): boolean {
    return this.#options.isAlive();
  }

  get receive(): IntakeOptions["receive"] {
    return this.#options.receive;
  }
}
