// `fleet events` as text, as JSON, and without a leader.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import Events from "../../../src/commands/events.ts";
import { Exit, OperatorError } from "../../../src/core/base/errors.ts";
import { AuditEntry } from "../../../src/core/wire/gen/fleet/v1/command.ts";
import { fleetReply, upNode } from "../ui/model/fixtures.ts";
import { client } from "./fake-client.ts";
import { run } from "./harness.ts";

vi.mock("../../../src/client/fleet-client.ts", async () => (await import("./fake-client.ts")).fleetClient);
vi.mock(
  "../../../src/client/context/resolve-target.ts",
  async () => (await import("./fake-client.ts")).resolving,
);

const ESC = "\u001B";
const entries = [
  AuditEntry.fromPartial({
    ...{ index: 4, atMs: Date.parse("2026-01-01T00:00:00Z"), actor: "fleet://admin" },
    what: `remove shard s1${ESC}[2J`,
  }),
];

beforeEach(() => {
  client.status.mockResolvedValue(fleetReply([upNode(1)]));
  client.listAudit.mockResolvedValue({ entries });
});
afterEach(() => vi.resetAllMocks());

test("a line an event, escaped", async () => {
  const { stdout, exit } = await run(Events, "events", []);
  expect({ stdout, exit }).toEqual({
    stdout: "2026-01-01T00:00:00.000Z    remove shard s1\\u001b[2J (admin)\n",
    exit: 0,
  });
});

test("-o json is the contract", async () => {
  const { stdout } = await run(Events, "events", ["-o", "json"]);
  expect(JSON.parse(stdout)).toMatchObject({
    kind: "EventList",
    events: [{ at: "2026-01-01T00:00:00.000Z", mark: "unknown" }],
  });
});

test("without a leader any node's audit entries are shown", async () => {
  const stale = { $case: "stale", value: {} };
  client.listAudit.mockImplementation(async ({ consistency }: { consistency?: unknown }) => {
    if (consistency === undefined)
      throw new OperatorError("NO_QUORUM", { what: "no leader answered in time", exit: Exit.NoQuorum });
    expect(consistency).toEqual(stale);
    return { entries };
  });
  expect((await run(Events, "events", [])).stdout).toContain("remove shard s1");
});

test.each([
  ["--archive", "x"],
  ["--from", "x"],
])("-f with %s is wrong usage: it never ends", async (...argv) => {
  expect((await run(Events, "events", ["-f", ...argv])).exit).toBe(2);
});
