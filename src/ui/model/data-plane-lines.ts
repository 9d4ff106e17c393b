// The lines of `fleet status` about shards, clusters and instructions, and about how many voters may fail. Each fact is
// one line, with the command to run next.

import type { FleetStatus } from "../../client/fleet-status.ts";
import { formatDuration } from "../../core/base/duration.ts";
import { isUndelivered, isUnknownFor } from "../../core/wire/data-plane-health.ts";
import type { DataPlane } from "../../core/wire/gen/fleet/v1/coordinator.ts";
import type { Line } from "./line.ts";

export function toleranceLines({ tolerance }: Pick<FleetStatus, "tolerance">): Line[] {
  if (tolerance === null) return [];
  const { voters, following, canLose } = tolerance;
  if (voters === 1) return [{ text: "1 voter: the fleet can lose 0", mark: "unknown" }];
  const lines: Line[] = [];
  if (canLose === 0)
    lines.push({
      text: `${following} of ${voters} voters follow the leader: ${loss(tolerance)}`,
      mark: "warn",
    });
  if (voters % 2 === 0 && voters > 2) {
    const bears = Math.floor((voters - 1) / 2);
    const text = `${voters} voters can lose ${bears}, as ${voters - 1} voters can: add a voter (fleet member add), or remove one`;
    lines.push({ text, mark: "warn" });
  }
  return lines;
}

function loss({ voters }: NonNullable<FleetStatus["tolerance"]>): string {
  const next = voters === 2 ? "add a third with fleet member add" : "bring the others back";
  return `the fleet can lose 0; ${next}`;
}

export function dataPlaneLines({ dataPlane }: Pick<FleetStatus, "dataPlane">): Line[] {
  if (dataPlane === null) return [];
  return [...shardLines(dataPlane), ...clusterLines(dataPlane), ...instructionLines(dataPlane)];
}

function shardLines(plane: DataPlane): Line[] {
  const { shardsAlive, shardsSuspect, shardsDead, shardsUnheard } = plane;
  const all = shardsAlive + shardsSuspect + shardsDead + shardsUnheard;
  if (all === 0) return [];
  if (shardsAlive === all) return [{ text: `${count(all, "shard")} alive`, mark: "good" }];
  const parts = [
    ...(shardsDead === 0 ? [] : [`${shardsDead} dead`]),
    ...(shardsSuspect === 0 ? [] : [`${shardsSuspect} suspect`]),
    ...(shardsUnheard === 0 ? [] : [`${shardsUnheard} not heard by this leader yet`]),
  ];
  const next = shardsDead + shardsSuspect === 0 ? "" : ": see fleet shard list";
  const mark = shardsDead > 0 ? "bad" : shardsSuspect > 0 ? "warn" : "unknown";
  return [{ text: `of ${count(all, "shard")}, ${parts.join(", ")}${next}`, mark }];
}

function clusterLines(plane: DataPlane): Line[] {
  const { clusters, clustersDouble, clustersElsewhere, clustersAbsent, clustersUnknown } = plane;
  if (clusters === 0) return [];
  const parts = [
    ...(clustersDouble === 0 ? [] : [`${clustersDouble} served twice`]),
    ...(clustersElsewhere === 0 ? [] : [`${clustersElsewhere} served elsewhere`]),
    ...(clustersAbsent === 0 ? [] : [`${clustersAbsent} not served`]),
  ];
  const drifts: Line[] =
    parts.length === 0
      ? []
      : [
          {
            text: `of ${count(clusters, "cluster")}, ${parts.join(", ")}: see fleet cluster list --drift`,
            mark: "bad",
          },
        ];
  if (clustersUnknown === 0) return drifts;
  const share = Math.ceil((100 * clustersUnknown) / clusters);
  const text = `nothing is known of ${clustersUnknown} of ${count(clusters, "cluster")} (${share}%): no shard reports them`;
  return [...drifts, { text, mark: isUnknownFor(plane) ? "bad" : "unknown" }];
}

function instructionLines(plane: DataPlane): Line[] {
  const { instructionsPending, instructionsRefused, oldestPendingMs } = plane;
  const lines: Line[] = [];
  if (isUndelivered(plane)) {
    const age = formatDuration(Math.floor(oldestPendingMs / 1_000) * 1_000);
    const text = `${count(instructionsPending, "instruction")} not delivered, the oldest for ${age}: see fleet instruction list`;
    lines.push({ text, mark: "bad" });
  }
  if (instructionsRefused > 0) {
    const text = `${count(instructionsRefused, "instruction")} refused by shards: see fleet instruction list`;
    lines.push({ text, mark: "bad" });
  }
  return lines;
}

const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? "" : "s"}`;
