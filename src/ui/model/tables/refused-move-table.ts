// One row per domain move that the leader refuses, and why.

import type { RefusedMove } from "../../../client/domains/move-domains.ts";
import type { Table } from "../table.ts";

export const refusedMoveTable: Table<RefusedMove> = {
  rowName: (move) => move.domain,
  columns: [
    { name: "row", header: "ROW", value: (move) => move.row },
    { name: "domain", header: "DOMAIN", value: (move) => move.domain },
    { name: "to", header: "TO", value: (move) => move.to || null },
    { name: "reason", header: "REASON", value: (move) => move.reason },
    { name: "why", header: "WHY", value: (move) => move.why },
  ],
};
