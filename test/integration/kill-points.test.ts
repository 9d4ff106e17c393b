// kill -9 at every point of the storage's work. What is there afterwards is what was acknowledged, or that and the
// whole operation that was running, never a part of one. The storage continues from there.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { expect, type TestContext, test } from "vitest";
import { DiskStorage } from "../../src/core/storage/disk-storage.ts";
import { verifyDataFolder } from "../../src/core/storage/verify.ts";
import { makeFolder, removeFolder } from "../make-folder.ts";
import type { FaultPlan } from "./fault-preload.ts";
import { type KillPoint, STORAGE_KILL_POINTS } from "./storage-kill-points.ts";
import {
  contentsAfter,
  contentsOf,
  IDENTITY,
  OPERATIONS,
  perform,
  promisedOf,
  SEGMENT_BYTES,
} from "./storage-workload.ts";

const PRELOAD = fileURLToPath(new URL("fault-preload.ts", import.meta.url));
const CHILD = fileURLToPath(new URL("kill-points-child.ts", import.meta.url));

/** A folder for one victim's data and the plan of its end. */
class Victim {
  readonly #home: string;
  readonly #test: TestContext;
  readonly directory: string;

  private constructor(home: string, test: TestContext) {
    this.#home = home;
    this.#test = test;
    this.directory = join(home, "data");
  }

  /** The test's own context, since tests run beside each other. */
  static async make(test: TestContext): Promise<Victim> {
    const home = await makeFolder();
    test.onTestFinished(() => removeFolder(home));
    return new Victim(home, test);
  }

  /** Performs the workload from operation `from` on until the plan ends it; returns how many are acknowledged. */
  async live(
    from: number,
    plan: FaultPlan,
  ): Promise<{ readonly acknowledged: number; readonly end: unknown }> {
    const planFile = join(this.#home, "plan.json");
    await writeFile(planFile, JSON.stringify(plan));
    const child = spawn(process.execPath, ["--import", PRELOAD, CHILD, this.directory, String(from)], {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, FLEET_TEST_FAULTS: planFile },
    });
    this.#test.onTestFinished(() => void child.kill("SIGKILL"));
    const exited = once(child, "exit");
    let acknowledged = from;
    for await (const line of createInterface({ input: child.stdout })) acknowledged = Number(line);
    const [code, signal] = await exited;
    return { acknowledged, end: signal ?? code };
  }

  /** Looks offline, then opens the storage; returns how many operations it holds, each of them whole. */
  async operationsHeld(acknowledged: number): Promise<number> {
    await this.#expectSound();
    const storage = await this.#open();
    const held = contentsOf(storage);
    await storage.close();
    const counts = [promisedOf(acknowledged), acknowledged, acknowledged + 1];
    const contents = await Promise.all(counts.map(contentsAfter));
    expect(contents).toContainEqual(held);
    return counts[contents.findIndex((each) => isDeepStrictEqual(held, each))] ?? 0;
  }

  /** Performs the rest of the workload, in this process. */
  async goOn(from: number): Promise<void> {
    const storage = await this.#open();
    for (const operation of OPERATIONS.slice(from)) await perform(storage, operation);
    await storage.close();
  }

  #open(): Promise<DiskStorage> {
    const { directory } = this;
    return DiskStorage.open({ directory, identity: IDENTITY, segmentBytes: SEGMENT_BYTES });
  }

  async #expectSound(): Promise<void> {
    const found = await verifyDataFolder(this.directory, () => null).catch((error: unknown) => error);
    // Killed before there was anything: then there is nothing to judge either.
    if (found instanceof Error) expect(found).toMatchObject({ code: "NOT_A_DATA_FOLDER" });
    else expect(found).toMatchObject({ damaged: 0 });
  }
}

test.concurrent.for(STORAGE_KILL_POINTS)(
  "killed $kill ($of)",
  async ({ kill, since = [], earlier }, context) => {
    const victim = await Victim.make(context);
    let held = 0;
    if (earlier !== undefined) {
      const first = await victim.live(0, { kill: earlier });
      expect(first.end).toBe("SIGKILL");
      held = first.acknowledged;
    }
    const killed = await victim.live(held, { kill, since });
    expect(killed.end, "the point was reached").toBe("SIGKILL");
    held = await victim.operationsHeld(killed.acknowledged);
    await victim.goOn(held);
    expect(await victim.operationsHeld(OPERATIONS.length)).toBe(OPERATIONS.length);
  },
);

test("the table names every file operation of the workload", async (context) => {
  const victim = await Victim.make(context);
  const record = `${victim.directory}.operations`;
  await victim.live(0, { record });
  const happened = new Set((await readFile(record, "utf8")).trim().split("\n"));
  const named = new Set(STORAGE_KILL_POINTS.map(operationOf));
  // The folder above the data folder, whose name is the test's.
  const exempt = (operation: string) => operation.includes("fleet-test-");
  expect([...happened].filter((operation) => !named.has(operation) && !exempt(operation))).toEqual([]);
  process.stdout.write(`kill points: ${STORAGE_KILL_POINTS.length} in the storage\n`);
});

/** "after sync wal/" → "sync wal/" */
function operationOf({ kill }: KillPoint): string {
  return kill.slice(kill.indexOf(" ") + 1);
}
