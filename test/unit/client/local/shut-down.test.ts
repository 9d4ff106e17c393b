// `fleet down`, `fleet destroy`, and faults of single processes.
import { mkdir, readdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { loadContexts } from "../../../../src/client/context/contexts-file.ts";
import { initFleet } from "../../../../src/client/local/init.ts";
import {
  killNode,
  localProcesses,
  pauseNode,
  resumeNode,
  startNode,
  stopNode,
} from "../../../../src/client/local/process-control.ts";
import { destroyFleet, downFleet } from "../../../../src/client/local/shut-down.ts";
import { Exit } from "../../../../src/core/base/errors.ts";
import { type FakeWorld, failureOf, fakeWorld } from "./fakes.ts";

let world: FakeWorld;
beforeEach(async () => {
  world = await fakeWorld();
  const options = { directory: world.directory, nodes: 3, shards: 1, clusters: 1, profile: "lan" } as const;
  await initFleet(options, world.deps);
});
const states = async () =>
  (await localProcesses(world.directory, world.processes)).map(({ name, state }) => `${name} ${state.kind}`);

test("down stops every process, agents and shards before coordinators, and may be repeated", async () => {
  const report = await downFleet(world.directory, world.deps);
  expect(report).toMatchObject({ name: "local", killed: [] });
  expect([...report.stopped].sort()).toEqual(["agents", "n1", "n2", "n3", "s1"]);
  expect(world.progress.slice(-2)).toEqual(["stopping s1, agents", "stopping n1, n2, n3"]);
  expect(new Set((await states()).map((state) => state.split(" ")[1]))).toEqual(new Set(["stopped"]));
  expect((await downFleet(world.directory, world.deps)).stopped).toEqual([]);
});

describe("destroy", () => {
  const destroy = (confirmName = "local") => destroyFleet(world.directory, { confirmName }, world.deps);

  test("removes the fleet, its folder and its context", async () => {
    expect(await destroy()).toMatchObject({ contexts: ["local"], notes: [] });
    expect(await readdir(world.root)).toEqual(["config"]);
    const contexts = await loadContexts(world.deps.contextsFile);
    expect([contexts.current, contexts.contexts.size]).toEqual([null, 0]);
  });

  test("removes the fleet also when its context cannot be removed, and says which file has it", async () => {
    // For every user, root included: the lock beside the file cannot be made.
    await mkdir(`${world.deps.contextsFile}.lock`);
    const { contexts, notes } = await destroy();
    expect(contexts).toEqual([]);
    expect(notes).toEqual([expect.stringContaining(`its contexts in ${world.deps.contextsFile} stay`)]);
    expect(await readdir(world.root)).toEqual(["config"]);
  });

  test("needs no folder of the user's if that has no context of the fleet", async () => {
    const file = join(world.root, "config");
    await rm(file, { recursive: true });
    await writeFile(file, "");
    expect(await destroy()).toMatchObject({ contexts: [], notes: [] });
    expect(await readdir(world.root)).toEqual(["config"]);
  });

  test("removes the reports and journals of drills with it", async () => {
    await mkdir(join(world.directory, "drills"));
    await writeFile(join(world.directory, "drills", "kill-leader.json"), "{}");
    expect(await destroy()).toMatchObject({ notes: [] });
    expect(await readdir(world.root)).toEqual(["config"]);
  });

  test("removes the journal of a move to another engine with it", async () => {
    await writeFile(join(world.directory, "engine-move.json"), "{}");
    expect(await destroy()).toMatchObject({ notes: [] });
    expect(await readdir(world.root)).toEqual(["config"]);
  });

  test("refuses another name, and does nothing", async () => {
    const before = await readdir(world.root, { recursive: true });
    expect(await failureOf(destroy("production"))).toMatchObject({
      code: "NAME_MISMATCH",
      exit: Exit.Precondition,
    });
    expect(await readdir(world.root, { recursive: true })).toEqual(before);
    expect(world.processes.signals).toEqual([]);
  });

  test("leaves what init did not make, and says so", async () => {
    await writeFile(join(world.directory, "notes.txt"), "mine");
    const { notes } = await destroy();
    expect(notes).toEqual([
      `${world.directory} stays, since fleet did not make: ${join(world.directory, "notes.txt")}`,
    ]);
    expect(await readdir(world.directory)).toEqual(["notes.txt"]);
  });

  test("does not follow a link to another disk", async () => {
    const elsewhere = join(world.root, "disk2");
    await mkdir(elsewhere);
    await rename(join(world.directory, "n1"), join(elsewhere, "n1"));
    await symlink(join(elsewhere, "n1"), join(world.directory, "n1"));
    await rename(join(world.directory, "n2", "data"), join(elsewhere, "n2-data"));
    await symlink(join(elsewhere, "n2-data"), join(world.directory, "n2", "data"));
    await writeFile(join(elsewhere, "n2-data", "log-1"), "entries");
    const { notes } = await destroy();
    expect(notes).toEqual([
      `${join(world.directory, "n1")} was a link: the link was removed, its target stays`,
    ]);
    expect((await readdir(elsewhere)).sort()).toEqual(["n1", "n2-data"]);
    expect(await readFile(join(elsewhere, "n2-data", "log-1"), "utf8")).toBe("entries");
  });

  test("finishes what an interrupted destroy began", async () => {
    const gone = join(world.root, "gone");
    await mkdir(gone);
    await rename(join(world.directory, "certs"), join(gone, "certs"));
    await rename(join(world.directory, "n2"), join(gone, "n2"));
    await destroy();
    expect((await readdir(world.root)).sort()).toEqual(["config", "gone"]);
  });
});

describe("one process", () => {
  test("is killed, started, stopped, paused and resumed by name", async () => {
    const { directory, deps, processes } = world;
    expect(await killNode(directory, "n2", deps)).toBe(true);
    expect(await states()).toContain("n2 stopped");
    expect(await startNode(directory, "n2", deps)).toBe(true);
    expect(await startNode(directory, "n2", deps)).toBe(false);
    expect(await states()).toContain("n2 running");
    expect(await pauseNode(directory, "n2", processes)).toBe(true);
    expect(await resumeNode(directory, "n2", processes)).toBe(true);
    expect(processes.signals.slice(-2).map((signal) => signal.split(" ")[0])).toEqual(["SIGSTOP", "SIGCONT"]);
    expect(await stopNode(directory, "n2", deps)).toBe("stopped");
    expect(await killNode(directory, "n2", deps)).toBe(false);
  });

  test("that the fleet does not have is answered with those it has", async () => {
    expect(await failureOf(killNode(world.directory, "n9", world.deps))).toMatchObject({
      code: "PROCESS_UNKNOWN",
      why: "it has n1, n2, n3, s1, agents",
    });
  });
});
