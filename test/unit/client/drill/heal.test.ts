// What is healed of drills that were killed: those of this fleet, and before another command only those of this host.

import { mkdir, readdir, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Hands } from "../../../../src/client/drill/hands.ts";
import { type HealOptions, healAll, healFirst } from "../../../../src/client/drill/heal.ts";
import type { JournalEntry } from "../../../../src/client/drill/journal.ts";
import type { FleetClient } from "../../../../src/client/fleet-client.ts";
import { SystemProcesses } from "../../../../src/client/processes/system-processes.ts";
import { temporaryFolder } from "../../../temporary-folder.ts";

const GONE: Omit<JournalEntry, "drillId" | "fleet"> = {
  schemaVersion: 1,
  drill: "kill-leader",
  startedAt: "2026-11-23T12:00:00.000Z",
  host: hostname(),
  // No process has this start time.
  process: { pid: process.pid, startTime: "long ago" },
  undo: [{ kind: "start", node: "n2" }],
};

interface Given {
  /** As journals in the current folder's .fleet/drills. */
  readonly journals: readonly (Partial<JournalEntry> & { readonly drillId: string })[];
  readonly isUp?: boolean;
}

async function world({ journals, isUp = true }: Given) {
  const cwd = await temporaryFolder();
  const folder = join(cwd, ".fleet", "drills");
  await mkdir(folder, { recursive: true });
  for (const journal of journals) {
    const entry = { ...GONE, fleet: "prod", ...journal };
    await writeFile(join(folder, `${journal.drillId}.journal.json`), JSON.stringify(entry));
  }
  const started: string[] = [];
  const hands = { start: async (node: string) => void started.push(node) } as unknown as Hands;
  const status = async () => ({ nodes: [{ reachable: isUp }] });
  const client = { target: { name: "prod" }, status } as unknown as FleetClient;
  const left = async () => (await readdir(folder)).map((name) => name.replace(".journal.json", ""));
  const processes = await SystemProcesses.open();
  const heal = (which: HealOptions["which"]) =>
    healAll(client, hands, processes, { cwd, limitMs: 100, which });
  const before = (allow: () => Promise<void>) => healFirst(client, hands, processes, { cwd, allow });
  return { heal, before, started, left };
}

const allowed = async (): Promise<void> => undefined;

test("another fleet's drill, whose journal lies in the same folder, is left alone", async () => {
  const { heal, started, left } = await world({
    journals: [
      { drillId: "a", fleet: "staging" },
      { drillId: "b", fleet: "prod", directory: "/srv/local/.fleet" },
      { drillId: "c" },
    ],
  });
  expect((await heal("all")).healed.map(({ drillId }) => drillId)).toEqual(["c"]);
  expect(started).toEqual(["n2"]);
  expect(await left()).toEqual(["a", "b"]);
});

test("another host's drill may still run there: only fleet drill heal heals it", async () => {
  const { heal, before, left } = await world({ journals: [{ drillId: "a", host: "elsewhere" }] });
  expect(await before(allowed)).toMatchObject({ healed: [], running: ["a"] });
  expect(await left()).toEqual(["a"]);
  await heal("all");
  expect(await left()).toEqual([]);
});

test("a fleet that is down stays down", async () => {
  const { before, started } = await world({ journals: [{ drillId: "a" }], isUp: false });
  expect(await before(allowed)).toBeNull();
  expect(started).toEqual([]);
});

test("a context that refuses changes is not changed", async () => {
  const { before, started } = await world({ journals: [{ drillId: "a" }] });
  expect(await before(() => Promise.reject(new Error("frozen")))).toBeNull();
  expect(started).toEqual([]);
});
