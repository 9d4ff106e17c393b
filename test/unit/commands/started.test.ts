// The commands that a started fleet proposes mean that fleet, not the one of the folder in which they are pasted.

import { expect, test, vi } from "vitest";
import type { InitReport } from "../../../src/client/local/init.ts";
import Up from "../../../src/commands/up.ts";
import { run } from "./harness.ts";

const report: InitReport = {
  ...{ outcome: "started", name: "other", directory: "/other/b", nodes: [], shards: 0, clusters: 0 },
  ...{ inProcess: false, leader: "n1", context: "other", firstWriteMs: 1, totalMs: 1, notes: [] },
};

vi.mock("../../../src/client/local/init.ts", () => ({ upFleet: async () => report }));

test.each([
  { argv: [], next: "next: fleet status    fleet top    fleet drill kill-leader" },
  {
    argv: ["--dir", "/other/b"],
    next: "next: fleet --dir /other/b status    fleet --dir /other/b top    fleet --dir /other/b drill kill-leader",
  },
])("up $argv", async ({ argv, next }) => {
  const { stdout } = await run(Up, "up", argv);
  expect(stdout.trimEnd().split("\n").at(-1)).toBe(next);
});
