// Ctrl-C while a fleet is started: what was started ends, nothing further is started, and the operator is told how it stands.
import { existsSync, readdirSync, renameSync } from "node:fs";
import { mkdir, stat, writeFile } from "node:fs/promises";
import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { initFleet, upFleet } from "../../../../src/client/local/init.ts";
import { endInterruptedStart, OwnProcesses } from "../../../../src/client/local/own-processes.ts";
import { inspectProcess } from "../../../../src/client/processes/supervisor.ts";
import { failureOf, fakeWorld } from "./fakes.ts";

test("an interrupted init ends every process that it started, and says what is left", async () => {
  const waiting = Promise.withResolvers<void>();
  // It waits for a leader for as long as there are processes.
  const world = await fakeWorld(async () => {
    waiting.resolve();
    return await new Promise<never>(() => {});
  });
  const own = new OwnProcesses(world.processes);
  const started = failureOf(
    initFleet({ directory: world.directory, shards: 1 }, { ...world.deps, processes: own }),
  );
  await waiting.promise;
  const said = await endInterruptedStart(world.directory, own, world.deps);
  expect(await started).toMatchObject({ code: "NODES_EXITED" });
  expect(said).toBe(
    `interrupted: stopped n1, n2, n3, s1 again; the fleet's files are in ${world.directory}: start it with fleet up --dir ${world.directory}, or remove it with fleet destroy --dir ${world.directory}`,
  );
  for (const { cwd } of world.processes.launches)
    expect(await inspectProcess(`${cwd}/pid`, world.processes)).toEqual({ kind: "stopped" });
  expect(await failureOf(upFleet(world.directory, { ...world.deps, processes: own }))).toMatchObject({
    code: "INTERRUPTED",
  });
});

test("what ran before is left running", async () => {
  const world = await fakeWorld();
  await initFleet({ directory: world.directory }, world.deps);
  const own = new OwnProcesses(world.processes);
  expect((await upFleet(world.directory, { ...world.deps, processes: own })).outcome).toBe("already-running");
  expect(await endInterruptedStart(world.directory, own, world.deps)).toContain("no process was started");
  const [first] = world.processes.launches;
  expect(await inspectProcess(`${first?.cwd}/pid`, world.processes)).toMatchObject({ kind: "running" });
});

test("interrupted before there is a folder, it says that there is no fleet", async () => {
  const world = await fakeWorld();
  const own = new OwnProcesses(world.processes);
  expect(await endInterruptedStart(world.directory, own, world.deps)).toBe(
    "interrupted: no process was started, and no fleet was made",
  );
});

test("interrupted while certificates are made, it leaves none of them behind", async () => {
  const world = await fakeWorld();
  const { pid } = await world.processes.self();
  const staged = `${world.directory}.tmp-${pid}-0a1b2c`;
  const other = `${world.directory}.tmp-${pid + 1}-0a1b2c`;
  for (const folder of [staged, other]) await mkdir(`${folder}/certs`, { recursive: true });
  await endInterruptedStart(world.directory, new OwnProcesses(world.processes), world.deps);
  await expect(stat(staged)).rejects.toThrow("ENOENT");
  expect((await stat(other)).isDirectory()).toBe(true);
});

test("interrupted when a fleet is complete, it leaves all of it or nothing", async () => {
  const world = await fakeWorld();
  const { pid } = await world.processes.self();
  const staging = `${world.directory}.tmp-${pid}-0a1b2c`;
  const files = Array.from({ length: 500 }, (_, at) => `file-${at}`);
  await mkdir(staging);
  await Promise.all(files.map((file) => writeFile(`${staging}/${file}`, "")));
  const ending = endInterruptedStart(world.directory, new OwnProcesses(world.processes), world.deps);
  const filesIn = (folder: string): readonly string[] => (existsSync(folder) ? readdirSync(folder) : []);
  // The removal has begun; the maker renames just then.
  while (filesIn(staging).length === files.length) await turn();
  if (existsSync(staging)) renameSync(staging, world.directory);
  await ending;
  expect([0, files.length]).toContain(filesIn(world.directory).length);
  await expect(stat(staging)).rejects.toThrow("ENOENT");
});
