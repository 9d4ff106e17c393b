// What follows by itself goes through the log like everything else, in the leader's own name. Outside any session:
// whoever leads next may propose it again, so these operations are idempotent.

import type { Clock } from "../base/clock.ts";
import type { NodeId } from "../base/ids.ts";
import { Command, type Operation, type Outcome } from "../wire/gen/fleet/v1/command.ts";
import { formatIdentity } from "../wire/identity.ts";
import type { GroupDriver } from "./group-driver.ts";
import type { WriteResult } from "./pending.ts";

const DEADLINE_MS = 5_000;

export function proposeOwn(
  driver: GroupDriver<Outcome>,
  self: NodeId,
  kind: NonNullable<Operation["kind"]>,
  clock: Clock,
): Promise<WriteResult<Outcome>> {
  const write = { sessionId: 0, sequence: 0, firstOutstanding: 0, reason: "", operation: { kind } };
  const actor = formatIdentity({ kind: "replica", id: self });
  const data = Command.encode({ ...write, actor, atMs: clock.wallMs() }).finish();
  return driver.propose(data, clock.monotonicMs() + DEADLINE_MS);
}
