// A shard and an agent: reports, roll-ups and messages that are too large, and calls that are not theirs.

import { InstructionOutcome } from "../../../src/core/wire/gen/fleet/v1/command.ts";
import { CoordinatorService, ReportShardRequest } from "../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { BindingState } from "../../../src/core/wire/gen/fleet/v1/views.ts";
import { header } from "../../../test/integration/raw-call.ts";
import { type Actors, asks, MEGABYTE, wire } from "../actor.ts";
import { HOLDERS } from "../holders.ts";
import { agentSession } from "./agent-session.ts";

const { shard, cluster, nameless } = HOLDERS;
const REPORT = CoordinatorService.reportShard.path;

const report = (fields: Parameters<typeof ReportShardRequest.fromPartial>[0]): Uint8Array => {
  const own = { shardId: "evil", address: "evil:1", epoch: 1, cycle: 1 };
  return wire(ReportShardRequest, ReportShardRequest.fromPartial({ ...own, ...fields }));
};
const squatted = (round: number) =>
  Array.from({ length: 30_000 }, (_, at) => ({
    ...{ clusterId: `squat-${round}-${at}`, state: BindingState.BOUND, session: true },
  }));
const verbose = {
  ...{
    key: "rack",
    value: "r",
    sequence: 1,
    outcome: InstructionOutcome.FAILED,
    detail: "x".repeat(3_000_000),
  },
};
const emptyRows = Buffer.alloc(10_000_000, Buffer.of((5 << 3) | 2, 0));

export const SHARD_ACTORS: Actors = {
  "a report of 30 000 first contacts": asks(shard, REPORT, (round) => [
    report({ cycle: round + 1, bindings: squatted(round % 3) }),
  ]),
  "an answer of 3 MB, another epoch each time": asks(shard, REPORT, (round) => [
    report({ epoch: round + 2, address: `evil:${round + 1}`, acks: [verbose] }),
  ]),
  "5 million empty rows": asks(shard, REPORT, () => [header(emptyRows.length), emptyRows]),
  "the same by a cluster": asks(cluster, REPORT, () => [header(emptyRows.length), emptyRows]),
  "a compressed message": asks(shard, REPORT, () => [header(9, 1), Buffer.alloc(9)]),
  "a message of 4 GB": asks(shard, REPORT, () => [header(0xffffffff)], { ends: false }),
  "15 of 16 MB": asks(shard, REPORT, () => [header(16 * MEGABYTE), Buffer.alloc(15 * MEGABYTE)], {
    ends: false,
  }),
  "a write by a shard": asks(shard, CoordinatorService.submit.path, () => [Buffer.alloc(MEGABYTE)]),
  "no identity": asks(nameless, CoordinatorService.getStatus.path, () => [header(0)]),
  "roll-ups of 30 MB and of commands": agentSession(cluster, (round) => ({
    hello: { clusterId: "evil", instanceId: `i${round}` },
    labels: { zone: round % 2 === 0 ? "x".repeat(30_000_000) : "x\nexecutor:\n  kind: command" },
  })),
};
