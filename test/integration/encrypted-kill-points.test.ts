// kill -9 at every moment of an encrypted storage's work and of its rotations. Afterwards the folder opens with the
// operator's keys, every acknowledged entry is there, and every file is sound.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { FLEET_GROUP } from "../../src/core/base/ids.ts";
import { newKeyText, parseOperatorKeys } from "../../src/core/seal/operator-keys.ts";
import { DiskStorage } from "../../src/core/storage/disk-storage.ts";
import { verifyDataFolder } from "../../src/core/storage/verify.ts";
import { makeFolder, removeFolder } from "../make-folder.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { IDENTITY, ROUNDS, SEGMENT_BYTES } from "./encrypted-workload.ts";
import type { FaultPlan } from "./fault-preload.ts";

const PRELOAD = fileURLToPath(new URL("fault-preload.ts", import.meta.url));
const CHILD = fileURLToPath(new URL("encrypted-kill-child.ts", import.meta.url));
const TEXTS = [newKeyText().trim(), newKeyText().trim()];
const KEYS = parseOperatorKeys(TEXTS.join("\n"), "a test");
// Each of so many processes has a share of the moments.
const SHARES = 8;

async function live(home: string, plan: FaultPlan): Promise<{ last: number; end: unknown }> {
  const planFile = join(home, "plan.json");
  await writeFile(planFile, JSON.stringify(plan));
  const child = spawn(process.execPath, ["--import", PRELOAD, CHILD, join(home, "data"), TEXTS.join(",")], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, FLEET_TEST_FAULTS: planFile },
  });
  const exited = once(child, "exit");
  let last = 0;
  for await (const line of createInterface({ input: child.stdout })) last = Number(line);
  const [code, signal] = await exited;
  return { last, end: signal ?? code };
}

/** Killed at the moment; false: there are no so many. */
async function isKilledAt(killAt: number): Promise<boolean> {
  const home = await makeFolder();
  try {
    const { last, end } = await live(home, { killAt });
    await expectWhole(join(home, "data"), last, killAt);
    return end === "SIGKILL";
  } finally {
    await removeFolder(home);
  }
}

async function expectWhole(directory: string, acknowledged: number, killAt: number): Promise<void> {
  const found = await verifyDataFolder(directory, () => null, KEYS).catch((error: unknown) => error);
  if (found instanceof Error) expect(found).toMatchObject({ code: "NOT_A_DATA_FOLDER" });
  else expect(found, `killed at ${killAt}`).toMatchObject({ damaged: 0 });
  const storage = await DiskStorage.open({
    ...{ directory, identity: IDENTITY, segmentBytes: SEGMENT_BYTES },
    encryption: { keys: KEYS, existing: false },
  });
  try {
    const last = storage.reader(FLEET_GROUP).lastIndex();
    expect([acknowledged, acknowledged + 1], `killed at ${killAt}`).toContain(last);
    expect(await storage.encryption()).toMatchObject({
      isComplete: true,
      plainSegments: 0,
      plainSnapshots: 0,
    });
  } finally {
    await storage.close();
  }
  const bytes = (await readdir(directory, { recursive: true, withFileTypes: true })).filter((file) =>
    file.isFile(),
  );
  for (const { parentPath, name } of bytes)
    expect(await readFile(join(parentPath, name), "latin1"), name).not.toMatch(/entry \d|state at/);
}

test.concurrent.for(Array.from({ length: SHARES }, (_, share) => share))(
  "killed at any moment, share %i",
  { timeout: 300_000 },
  async (share) => {
    for (let killAt = share + 1; await isKilledAt(killAt); killAt += SHARES);
  },
);

test("left alone, the workload ends, and the rotated keys are gone with their files", async () => {
  const home = await temporaryFolder();
  expect(await live(home, {})).toEqual({ last: 3 * ROUNDS, end: 0 });
  await expectWhole(join(home, "data"), 3 * ROUNDS, 0);
});
