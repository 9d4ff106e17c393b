// What `fleet watch` asks for, and how it shows client sessions; `fleet session list`, which one begins from.

import { afterEach, describe, expect, test, vi } from "vitest";
import SessionList from "../../../src/commands/session/list.ts";
import Watch from "../../../src/commands/watch.ts";
import { ReadStamp, TableChange } from "../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { WatchTable } from "../../../src/core/wire/gen/fleet/v1/views.ts";
import { changeLines } from "../../../src/ui/cli/change-lines.ts";
import { paintFor } from "../../../src/ui/cli/color.ts";
import { momentIn } from "../../../src/ui/cli/moment.ts";
import { ASCII } from "../../../src/ui/model/symbols.ts";
import { client } from "./fake-client.ts";
import { run } from "./harness.ts";

vi.mock("../../../src/client/fleet-client.ts", async () => (await import("./fake-client.ts")).fleetClient);
vi.mock(
  "../../../src/client/context/resolve-target.ts",
  async () => (await import("./fake-client.ts")).resolving,
);

afterEach(() => vi.clearAllMocks());

const session = (lastSequence: number) => ({
  ...{ sessionId: 7, lastUsedIndex: 9, firstOutstanding: lastSequence },
  ...{ lastSequence, unconfirmed: 1 },
});
const changes = [session(0), session(12), null].map((row) =>
  TableChange.fromPartial({
    ...{ table: WatchTable.CLIENT_SESSIONS, index: 9, key: ["7"] },
    row: row === null ? undefined : { $case: "session", value: row },
  }),
);
const event = { kind: "changes", revision: 9, changes } as const;

function watching(): void {
  client.watch.mockImplementation(async function* () {
    yield event;
  });
}

describe("fleet watch", () => {
  test.each([
    { names: [], tables: [], why: "the server leaves sessions out" },
    { names: ["sessions"], tables: [WatchTable.CLIENT_SESSIONS], why: "" },
    { names: ["sessions", "gates"], tables: [WatchTable.FEATURE_GATES, WatchTable.CLIENT_SESSIONS], why: "" },
  ])("$names asks for $tables $why", async ({ names, tables }) => {
    watching();
    await run(Watch, "watch", names);
    expect(client.watch.mock.calls[0]?.[0]).toMatchObject({ tables });
  });

  test("a session's change is a document with all but what its writes came to", async () => {
    watching();
    const { stdout } = await run(Watch, "watch", ["sessions"]);
    const common = { kind: "TableChange", schemaVersion: 1, table: "sessions", index: "9", key: ["7"] };
    const row = { sessionId: "7", unconfirmed: 1, lastUsedIndex: "9" };
    expect(
      stdout
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line)),
    ).toEqual([
      { ...common, change: "put", row: { ...row, lastSequence: "0", firstOutstanding: "0" } },
      { ...common, change: "put", row: { ...row, lastSequence: "12", firstOutstanding: "12" } },
      { ...common, change: "removed", row: null },
    ]);
  });

  test("on a terminal it is a line: which session, and how far its client is", () => {
    const lines = changeLines(event, { paint: paintFor(false), symbols: ASCII, moment: momentIn(true) });
    expect(lines.map((line) => line.split(/ +/))).toEqual([
      ["9", "sessions", "7", "opened"],
      ["9", "sessions", "7", "write", "12"],
      ["9", "sessions", "7", "!", "removed"],
    ]);
  });

  test("a table that nobody can watch is wrong usage, with those that one can", async () => {
    const { stderr, exit } = await run(Watch, "watch", ["session"]);
    expect(exit).toBe(2);
    expect(stderr).toContain("did you mean sessions?");
    expect(stderr).toContain("audit, sessions");
  });
});

test("fleet session list: a row a session", async () => {
  const stamp = ReadStamp.fromPartial({ index: 9 });
  client.listSessions.mockResolvedValue({ stamp, sessions: [session(12)], more: false });
  const { stdout } = await run(SessionList, "session list", ["--limit", "5"]);
  expect(stdout).toMatchInlineSnapshot(`
    "SESSION  LAST WRITE  UNCONFIRMED  LAST USED
          7          12            1          9
    "
  `);
  expect(client.listSessions.mock.calls[0]?.[0]).toEqual({ rowsMax: 5 });
  const json = await run(SessionList, "session list", ["-o", "json"]);
  expect(JSON.parse(json.stdout)).toMatchObject({
    kind: "ClientSessionList",
    sessions: [{ sessionId: "7", lastSequence: "12", unconfirmed: 1 }],
  });
});
