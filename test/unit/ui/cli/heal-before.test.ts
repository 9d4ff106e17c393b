// What a command says of drills that were killed, before its own work: it never fails for them.

import { hostname } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { JournalEntry, LeftBehind } from "../../../../src/client/drill/journal.ts";
import type { FleetClient } from "../../../../src/client/fleet-client.ts";
import { healBefore } from "../../../../src/ui/cli/heal-before.ts";
import { temporaryFolder } from "../../../temporary-folder.ts";

const ENTRY: JournalEntry = {
  ...{ schemaVersion: 1, drillId: "a", drill: "kill-leader", startedAt: "2026-11-23T12:00:00.000Z" },
  ...{ fleet: "local", host: hostname(), process: { pid: 1, startTime: "" }, undo: [] },
};

const leftAt = (path: string): LeftBehind => ({
  ...{ path, entry: ENTRY, isForbidden: false, isRunning: false, isHere: true },
});

async function notes(left: readonly string[], isLookingOnly = false): Promise<readonly string[]> {
  const folder = await temporaryFolder();
  const client = { target: { name: "local", directory: folder } } as unknown as FleetClient;
  const said: string[] = [];
  // Its folder is not there, as on a disk that takes no file.
  const healable = [leftAt(join(folder, "none", "a.journal.json"))];
  await healBefore(
    client,
    { healable, left },
    { command: "status", isLookingOnly, note: (text) => void said.push(text) },
  );
  return said;
}

test("a journal that cannot be claimed is a note, and no failure", async () => {
  expect(await notes([])).toEqual([expect.stringMatching(/^not healed: a \(ENOENT.*\): fleet drill heal$/)]);
});

test("each that is left is said with its reason", async () => {
  const [first] = await notes(["kill-leader, begun 12:00: host h2 ran it"]);
  expect(first).toBe(
    "an interrupted drill may have left faults behind (kill-leader, begun 12:00: host h2 ran it)",
  );
});

test("a command that only looks names fleet drill heal", async () => {
  expect(await notes([], true)).toEqual([
    "an interrupted drill may have left faults behind (kill-leader, begun 2026-11-23T12:00:00.000Z): fleet drill heal",
  ]);
});
