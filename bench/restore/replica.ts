// A child of bench/restore.ts. `prepare` makes a folder with a snapshot, and the data of a later one beside it. `run`
// starts a replica from the folder, and the full replica then takes in the later snapshot. Prints one line of JSON.

import { createHash } from "node:crypto";
import { open, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import { FLEET_GROUP, logIndex, nodeId, term } from "../../src/core/base/ids.ts";
import { encodeSnapshotParts } from "../../src/core/fleet/snapshot/snapshot.ts";
import { FleetState } from "../../src/core/fleet/state.ts";
import { newMessage } from "../../src/core/raft/new-message.ts";
import { DiskStorage } from "../../src/core/storage/disk-storage.ts";
import { Domain } from "../../src/core/wire/gen/fleet/v1/command.ts";
import { foundingSnapshot, startMember } from "../../test/unit/coordinator/group.ts";
import { cpuMs } from "../thread-cpu.ts";

const [SELF, LEADER] = [nodeId(1), nodeId(2)];
const IDENTITY = { clusterId: "c-bench", nodeId: SELF };
const [FIRST, LATER] = [logIndex(1_000), logIndex(2_000)];
const HEARTBEAT_EVERY_MS = 20;

const [mode, directory = "", rows = "0"] = process.argv.slice(2);
console.log(JSON.stringify(mode === "prepare" ? await prepare(Number(rows)) : await run()));
process.exit(0);

async function prepare(count: number) {
  const storage = await DiskStorage.open({ directory: join(directory, "data"), identity: IDENTITY });
  const first = encode(count, FIRST);
  const snapshot = { ...foundingSnapshot([SELF, LEADER]), index: FIRST, data: first };
  await storage.write({ group: FLEET_GROUP, hardState: null, entries: [], snapshot });
  await storage.close();
  await writeFile(join(directory, "later"), encode(count, LATER));
  return { snapshotBytes: first.length };
}

function encode(count: number, index: typeof FIRST): Uint8Array {
  const state = new FleetState();
  for (let number = 0; number < count; number += 1) {
    const value = `rack-${String(number).padStart(7, "0")}`;
    const shardId = `shard-${number % 100}`;
    state.tables.domains.put(
      Domain.fromPartial({ key: "topology.example/rack", value, shardId, version: number + 1 }),
    );
    if (number % 10_000 === 0) state.takeChanges();
  }
  state.advanceTo(index);
  return Buffer.concat([...encodeSnapshotParts(state)]);
}

/** How late the loop was at most, and the most memory, until it is asked. */
function watch() {
  let worstMs = 0;
  let peakBytes = 0;
  let last = performance.now();
  let worstCpuMs = 0;
  const began = cpuMs();
  let lastCpu = began;
  const timer = setInterval(() => {
    const now = performance.now();
    worstMs = Math.max(worstMs, now - last - 5);
    last = now;
    const cpu = cpuMs();
    worstCpuMs = Math.max(worstCpuMs, cpu - lastCpu);
    lastCpu = cpu;
    peakBytes = Math.max(peakBytes, process.memoryUsage.rss());
  }, 5);
  return () => {
    clearInterval(timer);
    const used = { cpuMs: Math.round(cpuMs() - began), worstTurnCpuMs: Math.round(worstCpuMs) };
    return { worstPauseMs: Math.round(worstMs), ...used, peakMb: Math.round(peakBytes / 2 ** 20) };
  };
}

async function run() {
  const startedMs = performance.now();
  const atStart = watch();
  const storage = await DiskStorage.open({ directory: join(directory, "data"), identity: IDENTITY });
  let answeredMs = 0;
  const { driver, machine } = startMember(SELF, storage as never, {
    send: ({ type }) => {
      if (type === "MsgHeartbeatResp") answeredMs = performance.now();
    },
    now: () => performance.now(),
    snapshotEvery: 1_000_000_000,
    onFatal: (error) => {
      throw error;
    },
  });
  await driver.restored;
  const restart = { tookMs: Math.round(performance.now() - startedMs), ...atStart() };
  await sleep(3_000);
  const steadyMb = Math.round(process.memoryUsage.rss() / 2 ** 20);
  const whileFull = watch();
  let slowestAnswerMs = 0;
  const beat = setInterval(() => {
    const askedMs = performance.now();
    driver.receive(newMessage("MsgHeartbeat", { from: LEADER, to: SELF, term: term(2) }));
    setImmediate(async () => {
      await nextTurn();
      slowestAnswerMs = Math.max(slowestAnswerMs, answeredMs - askedMs);
    });
  }, HEARTBEAT_EVERY_MS);
  const receivedMs = performance.now();
  const data = await spool(storage);
  const spooledMs = performance.now();
  const check = machine.check(LATER);
  for await (const part of data.read(0)) {
    for (let at = 0; at < part.length; at += 65_536) {
      check.add(part.subarray(at, at + 65_536));
      await nextTurn();
    }
  }
  check.finish();
  const checkedMs = performance.now();
  const snapshot = { ...foundingSnapshot([SELF, LEADER]), index: LATER, term: term(2), data };
  driver.receive(newMessage("MsgSnap", { from: LEADER, to: SELF, term: term(2), snapshot }));
  while (driver.appliedIndex < LATER) await sleep(10);
  const restoredMs = performance.now();
  clearInterval(beat);
  const received = {
    ...whileFull(),
    spoolMs: Math.round(spooledMs - receivedMs),
    checkMs: Math.round(checkedMs - spooledMs),
    restoreMs: Math.round(restoredMs - checkedMs),
    slowestAnswerMs: Math.round(slowestAnswerMs),
  };
  const rows = machine.view.tables.domains.size;
  driver.stop();
  await storage.close();
  return { rows, restart, steadyMb, received };
}

async function spool(storage: DiskStorage) {
  const path = join(directory, "later");
  const sha256 = createHash("sha256")
    .update(await readFile(path))
    .digest();
  const handle = await open(path);
  const { size } = await handle.stat();
  const head = { ...foundingSnapshot([SELF, LEADER]), index: LATER, term: term(2) };
  const id = { ...head, group: FLEET_GROUP, bytes: size, sha256 };
  await storage.incoming.offer(id);
  for (let at = 0; at < size; at += 65_536) {
    const { buffer, bytesRead } = await handle.read(new Uint8Array(65_536), 0, 65_536, at);
    await storage.incoming.add(id, buffer.subarray(0, bytesRead));
  }
  await handle.close();
  const data = await storage.incoming.finish(id);
  if (data === null) throw new Error("the data are not whole");
  return data;
}
