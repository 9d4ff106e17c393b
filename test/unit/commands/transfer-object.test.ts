// The node that will lead is the argument; --to of earlier builds means the same.

import { afterEach, expect, test, vi } from "vitest";
import LeaderTransfer from "../../../src/commands/leader/transfer.ts";
import { fleetReply, upNode } from "../ui/model/fixtures.ts";
import { client } from "./fake-client.ts";
import { run } from "./harness.ts";

vi.mock("../../../src/client/fleet-client.ts", async () => (await import("./fake-client.ts")).fleetClient);
vi.mock(
  "../../../src/client/context/resolve-target.ts",
  async () => (await import("./fake-client.ts")).resolving,
);

const transferLeadership = vi.fn();
Object.assign(client, { transferLeadership });
afterEach(() => vi.clearAllMocks());

test.each([
  { argv: ["n2"], toNode: "n2" },
  { argv: ["--to", "n2"], toNode: "n2" },
  { argv: ["auto"], toNode: "" },
  { argv: [], toNode: "" },
])("leader transfer $argv asks for '$toNode'", async ({ argv, toNode }) => {
  client.status.mockResolvedValue(fleetReply([upNode(1), upNode(2)]));
  transferLeadership.mockResolvedValue({ changed: true, leaderName: "n2", term: 4 });
  const { stderr, exit } = await run(LeaderTransfer, "leader:transfer", argv);
  expect({ stderr, exit }).toEqual({ stderr: "", exit: 0 });
  expect(transferLeadership).toHaveBeenCalledWith(expect.objectContaining({ toNode }), expect.any(Number));
});

test("without a leader nothing is tried, so the outcome is known", async () => {
  client.status.mockResolvedValue(fleetReply([upNode(1)], { leader: null }));
  const { stderr, exit } = await run(LeaderTransfer, "leader:transfer", ["n3", "--timeout", "1ms"]);
  expect(exit).toBe(5);
  expect(stderr).toContain("no node leads a quorum");
  expect(transferLeadership).not.toHaveBeenCalled();
});

test("twice is refused", async () => {
  const { stderr, exit } = await run(LeaderTransfer, "leader:transfer", ["n2", "--to", "n3"]);
  expect(exit).toBe(2);
  expect(stderr).toContain("NODE is given twice");
});
