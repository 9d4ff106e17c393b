// What a driver has to do for Raft among the coordinators when they do not replicate among themselves: nothing.

import type { LogIndex } from "../../base/ids.ts";
import { FIRST_INDEX } from "../../etcd-log/etcd-log.ts";
import type { HeldLog } from "../group/log-hold.ts";
import type { WriteResult } from "../group/pending.ts";

const NO_LOG: HeldLog = { bytes: 0, bytesMax: 0, exceeded: 0 };

export class NoRaft {
  /** The members are those of the command line. */
  readonly configurationIndex = FIRST_INDEX;
  /** Etcd keeps the log for everyone. */
  readonly heldLog = NO_LOG;

  configurationChangesSince(): readonly [] {
    return [];
  }
  quiesce(): void {}
  compactThrough(): void {}
  receive(): void {}
  unreachable(): void {}
  snapshotDelivered(): void {}
  changeConfiguration(): Promise<WriteResult<LogIndex>> {
    return Promise.resolve({ ok: false, refusal: "change-malformed" });
  }
  proposeConfChange(): boolean {
    return false;
  }
}
