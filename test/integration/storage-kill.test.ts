import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { FLEET_GROUP, logIndex, nodeId } from "../../src/core/base/ids.ts";
import { SeededPrng } from "../../src/core/base/prng.ts";
import { DiskStorage } from "../../src/core/storage/disk-storage.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const CHILD = fileURLToPath(new URL("storage-kill-child.ts", import.meta.url));
const ROUNDS = 10;

/** Kills a writing child after it acknowledged `count` entries; returns the highest acknowledged index. */
async function killAfter(directory: string, count: number): Promise<number> {
  const child = spawn(process.execPath, [CHILD, directory], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const exited = once(child, "exit");
  let acknowledged = 0;
  let lines = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    acknowledged = Math.max(acknowledged, Number(line));
    lines += 1;
    if (lines === count) child.kill("SIGKILL");
  }
  expect(await exited).toEqual([null, "SIGKILL"]);
  return acknowledged;
}

async function readBack(directory: string): Promise<{ readonly last: number; readonly first: number }> {
  const storage = await DiskStorage.open({ directory, identity: { clusterId: "c-kill", nodeId: nodeId(1) } });
  try {
    const reader = storage.reader(FLEET_GROUP);
    const [first, last] = [reader.firstIndex(), reader.lastIndex()];
    const kept = reader.entries(first, logIndex(last + 1), Number.MAX_SAFE_INTEGER);
    const expected = Array.from({ length: last - first + 1 }, (_, offset) => `entry ${first + offset}`);
    expect(typeof kept === "string" ? kept : kept.map(({ data }) => Buffer.from(data).toString())).toEqual(
      expected,
    );
    const snapshot = reader.snapshot();
    const state = first === 1 ? "" : `state ${first - 1}`;
    if (snapshot === "unavailable" || !(snapshot.data instanceof Uint8Array))
      throw new Error("small ones are read whole");
    expect(Buffer.from(snapshot.data).toString()).toBe(state);
    return { last, first };
  } finally {
    await storage.close();
  }
}

test("killed at any moment, everything acknowledged is there", async () => {
  const directory = await temporaryFolder();
  const random = new SeededPrng(20_260);
  for (let round = 0; round < ROUNDS; round++) {
    const acknowledged = await killAfter(directory, 1 + random.below(1000));
    expect((await readBack(directory)).last, `round ${round}`).toBeGreaterThanOrEqual(acknowledged);
  }
  expect((await readBack(directory)).first).toBeGreaterThan(1);
});
