// The first leader writes the founders down, through the log like everything else (ADR-0004).

import type { NodeId } from "../base/ids.ts";
import { Command, type MemberRecord, type Operation, type Outcome } from "../wire/gen/fleet/v1/command.ts";
import { formatIdentity } from "../wire/identity.ts";
import type { GroupDriver } from "./group-driver.ts";
import type { WriteResult } from "./pending.ts";

const DEADLINE_MS = 5_000;

export function writeFounders(
  driver: GroupDriver<Outcome>,
  self: NodeId,
  members: readonly MemberRecord[],
  nowMs: number,
): Promise<WriteResult<Outcome>> {
  const operation: Operation = { kind: { $case: "foundMembers", value: { members: [...members] } } };
  const write = { sessionId: 0, sequence: 0, firstOutstanding: 0, reason: "", operation };
  const actor = formatIdentity({ kind: "replica", id: self });
  return driver.propose(Command.encode({ ...write, actor, atMs: nowMs }).finish(), nowMs + DEADLINE_MS);
}
