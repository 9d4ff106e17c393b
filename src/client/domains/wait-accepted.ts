// Waits until shards have accepted their instructions about domains. A write is committed at once, but each shard gets
// it only in the answer to its next report.

import { Exit, OperatorError } from "../../core/base/errors.ts";
import type { WaitClock } from "../../core/base/wait-clock.ts";
import { type Instruction, InstructionOutcome } from "../../core/wire/gen/fleet/v1/command.ts";
import type { FleetClient } from "../fleet-client.ts";
import { type DomainId, domainId } from "./domain-id.ts";

const LOOK_EVERY_MS = 200;

export interface AcceptanceOptions {
  readonly timeoutMs: number;
  readonly clock: WaitClock;
  /** Called with the number of open instructions, whenever it changes. */
  readonly onChange: (words: string) => void;
}

/**
 * Resolves when no shard has an open instruction about these domains. Throws INSTRUCTION_REFUSED as soon as
 * one refuses, and INSTRUCTION_PENDING after the time limit.
 */
export async function waitUntilAccepted(
  client: Pick<FleetClient, "listInstructions">,
  domains: readonly DomainId[],
  { timeoutMs, clock, onChange }: AcceptanceOptions,
): Promise<void> {
  const wanted = new Set(domains.map(domainId));
  const endMs = clock.now() + timeoutMs;
  let before = 0;
  for (;;) {
    const { instructions } = await client.listInstructions();
    const open = instructions.filter((row) => wanted.has(domainId(row)));
    const refused = open.find(({ outcome }) => outcome !== InstructionOutcome.UNSPECIFIED);
    if (refused !== undefined) throw notAccepted(refused);
    if (open.length === 0) return;
    if (open.length !== before) onChange(`shards have not accepted ${counted(open)} yet`);
    before = open.length;
    if (clock.now() >= endMs) throw stillPending(open);
    await clock.sleep(Math.min(LOOK_EVERY_MS, Math.max(1, endMs - clock.now())));
  }
}

const counted = (rows: readonly Instruction[]): string =>
  `${rows.length} ${rows.length === 1 ? "instruction" : "instructions"}`;

function notAccepted({ shardId, key, value, detail }: Instruction): OperatorError {
  return new OperatorError("INSTRUCTION_REFUSED", {
    what: `shard ${shardId} did not accept the instruction about domain ${key}=${value}`,
    why: detail === "" ? "it gave no reason" : detail,
    next: `see its refusals: fleet instruction list --shard ${shardId}`,
    exit: Exit.Failure,
  });
}

function stillPending(open: readonly Instruction[]): OperatorError {
  const shards = [...new Set(open.map(({ shardId }) => shardId))].sort();
  return new OperatorError("INSTRUCTION_PENDING", {
    what: `${shards.join(", ")} ${shards.length === 1 ? "has" : "have"} not accepted ${counted(open)} yet`,
    why: "a shard gets them with the answer to its next report",
    next: "the leader repeats them; see which shards are alive: fleet shard list",
    exit: Exit.TimedOut,
  });
}
