// Names that would move a terminal's cursor, or end a line of a file: in certificates, reports, labels and sessions.

import { present } from "../../../src/core/base/assert.ts";
import { CoordinatorService, ReportShardRequest } from "../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { BindingState } from "../../../src/core/wire/gen/fleet/v1/views.ts";
import { header } from "../../../test/integration/raw-call.ts";
import { hostileTexts } from "../../../test/unit/base/hostile-text.ts";
import { type Actors, asks, wire } from "../actor.ts";
import { HOLDERS } from "../holders.ts";
import { agentSession } from "./agent-session.ts";

const NAMES = 50;
const REPORT = CoordinatorService.reportShard.path;

type Report = Parameters<typeof ReportShardRequest.fromPartial>[0];
const report = (fields: Report): Uint8Array[] => [
  wire(ReportShardRequest, ReportShardRequest.fromPartial(fields)),
];

const textOf = (round: number): string => present(hostileTexts(round, 1)[0], "one was asked for");
const texts = (round: number): string[] => hostileTexts(round, NAMES);
/** Labels whose keys and values are both hostile. */
const labels = (round: number): Record<string, string> =>
  Object.fromEntries(texts(round).map((text) => [text, text]));
const numbers = (round: number): Record<string, number> =>
  Object.fromEntries(texts(round).map((text) => [text, 1]));

/** What a report names beside its shard. */
const rows = (round: number): Report => ({
  ...{ epoch: round + 1, cycle: 1, region: textOf(round), zone: textOf(round + 1) },
  bindings: texts(round).map((clusterId) => ({ clusterId, state: BindingState.BOUND, session: true })),
  summary: { freeByInstanceType: numbers(round), freeByZone: numbers(round + 1) },
  shortfalls: [{ clusterId: textOf(round), requirements: labels(round), deficit: numbers(round) }],
  doubleDials: texts(round).map((text) => ({ clusterId: text, from: text, count: 1 })),
});

export const NAME_ACTORS: Actors = {
  "hostile names in a report": asks(HOLDERS.named, REPORT, (round) =>
    report({ shardId: "named", address: "named:1", ...rows(round) }),
  ),
  "a hostile name of a shard": asks(HOLDERS.named, REPORT, (round) =>
    report({ shardId: textOf(round), address: textOf(round), ...rows(round) }),
  ),
  "hostile labels of an agent": agentSession(HOLDERS.labelled, (round) => ({
    hello: { clusterId: "labelled", instanceId: textOf(round) },
    labels: labels(round),
  })),
  "a hostile name of an agent": agentSession(HOLDERS.labelled, (round) => ({
    hello: { clusterId: textOf(round), instanceId: `i${round}` },
    labels: {},
  })),
  "certificates with hostile names": (world, round) =>
    asks(world.odd[round % world.odd.length] ?? "", CoordinatorService.getStatus.path, () => [header(0)])(
      world,
      round,
    ),
};
