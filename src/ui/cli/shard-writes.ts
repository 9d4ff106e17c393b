// The writes that begin and end a shard's drain, and how a drain is shown: the same from the command line and from the dashboard.
import type { ShardHoldings } from "../../client/shard-holdings.ts";
import { holdingsLines } from "../model/shard-lines.ts";
import type { TextView } from "./view.ts";
import { type Write, type WriteReport, writeView } from "./write-command.ts";

export interface DrainReport extends WriteReport {
  /** What the shard still has; null = that could not be read. A wait keeps it up to date. */
  remains: ShardHoldings | null;
}

export const drainView: TextView<DrainReport> = {
  kind: "Write",
  text: (report, look) => {
    const lines = report.remains === null ? [] : holdingsLines(report.remains);
    const { paint, symbols } = look;
    return [
      ...writeView.text(report, look),
      ...lines.map(({ mark, text }) => paint.mark(mark, `${symbols.marks[mark]} ${text}`)),
    ];
  },
};

/** `expectedVersion`: only if the shard's row is at this version now. */
export function drainWrite(shardId: string, expectedVersion?: number): Write {
  return {
    operation: { $case: "drainShard", value: { shardId, expectedVersion } },
    would: `would drain shard ${shardId}`,
    done: `shard ${shardId} is being drained`,
    already: `shard ${shardId} was being drained already`,
  };
}

export function activateWrite(shardId: string, expectedVersion?: number): Write {
  return {
    operation: { $case: "activateShard", value: { shardId, expectedVersion } },
    would: `would activate shard ${shardId}`,
    done: `shard ${shardId} is active`,
    already: `shard ${shardId} was active already`,
  };
}
