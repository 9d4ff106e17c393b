// The last step of a leadership transfer (Raft §3.10): the target campaigns at once.

import { assert } from "../base/assert.ts";
import type { NodeId } from "../base/ids.ts";
import type { Core } from "./core.ts";

/** Leases do not hold up its forced campaign, so from here on this leader may not trust its own lease. */
export function tellToCampaign(core: Core, to: NodeId): void {
  assert(
    core.role === "leader" && core.transferee === to,
    "only the target of a transfer is told to campaign",
  );
  core.hasWaivedLease = true;
  core.send("MsgTimeoutNow", { to });
}
