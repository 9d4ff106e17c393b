// kill -9 midway through and after the file operations of `fleet snapshot restore`. Three outcomes are allowed.
// Nothing is under the node's name; or a folder is there that no command starts, and that the same command finishes.
// Or the whole restored node is there, which the same command then refuses to touch. The snapshot itself is never
// changed. The gate takes some of the moments; FLEET_EVERY_KILL_POINT=1 takes them all, which needs minutes.

import { cp, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, type TestContext, test } from "vitest";
import { loadLocalFleet } from "../../src/client/files/local-fleet.ts";
import { fillStaging } from "../../src/client/local/staging.ts";
import { present } from "../../src/core/base/assert.ts";
import { FLEET_GROUP, nodeId } from "../../src/core/base/ids.ts";
import { DirectorySnapshotStore } from "../../src/core/export/directory-store.ts";
import { exportSnapshot } from "../../src/core/export/export-snapshot.ts";
import { stateKey } from "../../src/core/export/snapshot-name.ts";
import { renderAuditEntry } from "../../src/core/fleet/audit/render-audit.ts";
import { listAudit } from "../../src/core/fleet/query.ts";
import { decodeSnapshot } from "../../src/core/fleet/snapshot/snapshot.ts";
import { replay } from "../../src/core/recover/copy.ts";
import { DiskStorage } from "../../src/core/storage/disk-storage.ts";
import { readStopped } from "../../src/core/storage/read-stopped.ts";
import { readRecoveryMark } from "../../src/core/storage/recovery-mark.ts";
import { verifyDataFolder } from "../../src/core/storage/verify.ts";
import { makeFolder, removeFolder } from "../make-folder.ts";
import { turns } from "../turns.ts";
import { captured } from "../unit/export/samples.ts";
import type { FaultPlan } from "./fault-preload.ts";
import { program, type Ran, runNode } from "./local-fleet.ts";

const PRELOAD = fileURLToPath(new URL("fault-preload.ts", import.meta.url));
const SAMPLE = captured(20);
const { FLEET_EVERY_KILL_POINT } = process.env;
const TAKES_ALL = FLEET_EVERY_KILL_POINT === "1";
// Tests of one kind that run beside each other.
const LANES = [0, 1];
const LOST = {
  ...{ name: "local", clusterId: SAMPLE.manifest.clusterId, profile: "lan" as const },
  nodes: [1, 2, 3].map((id) => ({ id, name: `n${id}`, address: `127.0.0.1:${id}` })),
  ...{ shards: [], clusters: [] },
};

let origin: string;
let name: string;

beforeAll(async () => {
  origin = await makeFolder();
  name = await exportSnapshot(new DirectorySnapshotStore(join(origin, "exports")), SAMPLE);
});
afterAll(() => removeFolder(origin));

const KINDS = [
  {
    kind: "the data folder of a node that is started by other means",
    to: ["--data", join("n1", "data")],
    data: join("n1", "data"),
    every: TAKES_ALL ? 1 : 4,
    prepare: async () => undefined,
  },
  // Most moments of these are the certificates' and fleet.yaml's.
  {
    kind: "a local fleet that has lost every disk",
    to: ["--dir", "lost"],
    data: join("lost", "n1", "data"),
    every: TAKES_ALL ? 1 : 12,
    prepare: async (home: string) => {
      await mkdir(join(home, "lost"));
      await fillStaging(join(home, "lost"), LOST);
    },
  },
  {
    kind: "a new local fleet",
    to: ["--dir", "new"],
    data: join("new", "n1", "data"),
    every: TAKES_ALL ? 1 : 12,
    prepare: async () => undefined,
  },
];

async function freshHome(prepare: (home: string) => Promise<unknown>, context: TestContext): Promise<string> {
  const home = await makeFolder();
  context.onTestFinished(() => removeFolder(home));
  await cp(origin, home, { recursive: true });
  await prepare(home);
  return home;
}

/** The command as an operator gives it; an end by a signal is exit -1. */
async function restore(home: string, to: readonly string[], plan: FaultPlan): Promise<Ran> {
  const planFile = join(home, "plan.json");
  await writeFile(planFile, JSON.stringify(plan));
  const { PATH, NODE_COMPILE_CACHE } = process.env;
  const env = { PATH, NODE_COMPILE_CACHE, HOME: home, NO_COLOR: "1", FLEET_TEST_FAULTS: planFile };
  const command = ["snapshot", "restore", "--from", "exports", ...to, "--reason", "test", "--yes"];
  return await runNode(["--import", PRELOAD, program, ...command], { cwd: home, env });
}

type State = "nothing" | "between" | "new";

/** What was left, which must be one of three whole things. */
async function stateOf(directory: string): Promise<State> {
  const mark = await readRecoveryMark(directory);
  if (mark !== null) {
    for (const clusterId of [SAMPLE.manifest.clusterId, mark.clusterId]) {
      const started = DiskStorage.open({ directory, identity: { clusterId, nodeId: nodeId(1) } });
      await expect(started).rejects.toMatchObject({ code: "RECOVERY_UNFINISHED" });
    }
    return "between";
  }
  // A local fleet has an empty folder for each node.
  const files = await readdir(directory).catch(() => []);
  if (files.length === 0) return "nothing";
  await expectNew(directory);
  return "new";
}

async function expectNew(directory: string): Promise<void> {
  expect(await verifyDataFolder(directory, () => null)).toMatchObject({ damaged: 0 });
  const { identity, logs, isAmnesiac } = await readStopped(directory);
  expect(identity.clusterId).not.toBe(SAMPLE.manifest.clusterId);
  expect([identity.nodeId, isAmnesiac]).toEqual([1, false]);
  const log = present(logs.get(FLEET_GROUP), "there is a log");
  const snapshot = log.snapshot();
  if (typeof snapshot === "string") throw new Error("there is a snapshot");
  expect(snapshot.confState.voters).toEqual([1]);
  expect(snapshot.term).toBeGreaterThan(SAMPLE.manifest.term);
  if (!(snapshot.data instanceof Uint8Array)) throw new Error("of a stopped node it is read whole");
  const exported = decodeSnapshot(snapshot.data);
  if (!exported.ok) throw new Error(exported.message);
  expect(exported.state.hash()).toBe(SAMPLE.manifest.stateHash);
  const restored = replay(log);
  if (!restored.ok) throw new Error(restored.problem);
  expect(
    listAudit(restored.state)
      .map(renderAuditEntry)
      .filter((entry) => entry.what.startsWith("recover")),
  ).toHaveLength(1);
}

/** fleet.yaml and the data agree on who this is, so that `fleet up` starts it. */
async function expectFleetOfOne(home: string, to: readonly string[], data: string): Promise<void> {
  const { file } = await loadLocalFleet(join(home, present(to[1], "a folder is named")));
  expect(file.nodes.map((node) => node.name)).toEqual(["n1"]);
  expect(file.clusterId).toBe((await readStopped(data)).identity.clusterId);
}

describe.for(KINDS)("into $kind", ({ to, data, every, prepare }) => {
  test.concurrent.for(LANES)("killed at its moments, lane %i", async (lane, context) => {
    const seen = new Set<State>();
    const turn = turns("a moment at which nothing kills it", 2_000);
    for (let killAt = 1 + lane * every; ; killAt += every * LANES.length) {
      turn();
      const home = await freshHome(prepare, context);
      const directory = join(home, data);
      const { exit, stderr } = await restore(home, to, { killAt });
      const state = await stateOf(directory);
      seen.add(state);
      const again = await restore(home, to, {});
      expect(again.exit, `${killAt}, ${state}: ${again.stderr}`).toBe(state === "new" ? 9 : 0);
      if (state === "new") expect(again.stderr).toMatch(/FLEET_E_(DATA_THERE|OTHER_CLUSTER)/);
      await expectNew(directory);
      if (to[0] === "--dir") await expectFleetOfOne(home, to, directory);
      expect(await readFile(join(home, "exports", stateKey(name)))).toEqual(Buffer.from(SAMPLE.bytes));
      await removeFolder(home);
      // Beyond the last moment nothing kills it.
      if (exit === 0) break;
      expect(exit, stderr).toBe(-1);
    }
    expect([...seen]).toEqual(expect.arrayContaining(["nothing", "new"]));
  });
});
