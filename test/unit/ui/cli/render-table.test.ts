// The work of a table grows with its cells, not faster: a list of thousands of rows once took seconds.

import { expect, test, vi } from "vitest";
import { paintFor } from "../../../../src/ui/cli/color.ts";
import { columnsOf } from "../../../../src/ui/cli/columns-of.ts";
import { momentIn } from "../../../../src/ui/cli/moment.ts";
import { renderTable } from "../../../../src/ui/cli/render-table.ts";
import { UNICODE } from "../../../../src/ui/model/symbols.ts";
import { auditTable } from "../../../../src/ui/model/tables/audit-table.ts";
import { auditReply } from "../model/fixtures.ts";

vi.mock("../../../../src/ui/cli/columns-of.ts", async (original) => {
  const { columnsOf: real } = await original<typeof import("../../../../src/ui/cli/columns-of.ts")>();
  return { columnsOf: vi.fn(real) };
});

const look = { paint: paintFor(false), symbols: UNICODE, moment: momentIn(true) };

test("each cell of 4 400 audit entries is read once, and measured once", () => {
  const rows = 4_400;
  const { entries } = auditReply(
    ...Array.from({ length: rows }, (_, index) => ({ index, what: `bind cluster c${index} to shard s1` })),
  );
  let reads = 0;
  const columns = auditTable.columns.map((column) => ({
    ...column,
    value: (row: (typeof entries)[number]) => {
      reads += 1;
      return column.value(row);
    },
  }));
  const lines = renderTable(columns, entries, true, look).split("\n");
  expect(lines).toHaveLength(rows + 1);
  expect(reads).toBe(rows * columns.length);
  expect(vi.mocked(columnsOf)).toHaveBeenCalledTimes((rows + 1) * columns.length);
});
