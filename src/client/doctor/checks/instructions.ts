// Whether shards receive and follow the coordinators' decisions, and have the machines for them.

import { type Instruction, InstructionOutcome } from "../../../core/wire/gen/fleet/v1/command.ts";
import type { Check } from "../check.ts";
import type { Tables } from "../tables.ts";
import { listed } from "./shards.ts";

/** A shard reports every few seconds, and takes its instructions with the answer. */
const PENDING_MAX_MS = 60_000;

export const instructionChecks: readonly Check<Tables>[] = [
  {
    id: "instruction.pending",
    severity: "warning",
    why: "the shard has not yet carried out what the coordinators decided",
    look: ({ instructions, nowMs }) =>
      byShard(instructions.filter((row) => isPending(row) && nowMs - row.sinceMs > PENDING_MAX_MS)).map(
        ([subject, rows]) => ({
          subject,
          evidence: `${rows.length} instructions have been pending for more than a minute`,
          next: `fleet instruction list --shard ${subject}; check that the shard reports: fleet shard show ${subject}`,
        }),
      ),
  },
  {
    id: "instruction.refused",
    severity: "error",
    why: "the shard refused an instruction, and the leader does not repeat it",
    look: ({ instructions }) =>
      byShard(instructions.filter((row) => !isPending(row))).map(([subject, rows]) => ({
        subject,
        evidence: `it refused ${rows.length} instructions`,
        next: `fleet instruction list --shard ${subject}`,
      })),
  },
  {
    id: "demand.shortfall",
    severity: "info",
    why: "clusters wait for machines that their shard does not have",
    look: ({ shortfalls }) => {
      const names = [...new Set(shortfalls.map(({ shardId }) => shardId))].sort();
      return names.length === 0
        ? []
        : [
            {
              subject: "fleet",
              evidence: `shards that run short: ${listed(names)}`,
              next: "fleet shortfall list; fleet rebalance plan",
            },
          ];
    },
  },
];

const isPending = ({ outcome }: Instruction): boolean => outcome === InstructionOutcome.UNSPECIFIED;

function byShard(rows: readonly Instruction[]): [string, Instruction[]][] {
  return [...Map.groupBy(rows, ({ shardId }) => shardId)].sort(([a], [b]) => (a < b ? -1 : 1));
}
