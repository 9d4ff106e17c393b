// `fleet init` and `fleet up` on a machine without real processes: every state of the folder has its outcome.
import { mkdir, readdir, readFile, readlink, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { loadContexts } from "../../../../src/client/context/contexts-file.ts";
import { parseFleetFile } from "../../../../src/client/files/fleet-file.ts";
import { upFleet } from "../../../../src/client/local/init.ts";
import { Exit } from "../../../../src/core/base/errors.ts";
import { parseAgentsFile } from "../../../../src/core/wire/files/agents-file.ts";
import { loadTls } from "../../../../src/core/wire/tls/tls.ts";
import { type FakeWorld, failureOf, fakeWorld } from "./fakes.ts";
import { init } from "./init-in.ts";

const fleetFile = async (world: FakeWorld) =>
  parseFleetFile("fleet.yaml", await readFile(join(world.directory, "fleet.yaml"), "utf8"));
const argsOf = (world: FakeWorld): string[] =>
  world.processes.launches.map((launch) => launch.args.join(" "));

describe("a new fleet", () => {
  test("is created, started, registered and reported", async () => {
    const world = await fakeWorld();
    const report = await init(world, { shards: 2, clusters: 3 });
    expect(report).toMatchObject({
      outcome: "created",
      name: "local",
      leader: "n1",
      context: "local",
      notes: [],
    });
    expect(report.directory).toBe(world.directory);
    expect(world.processes.startedNames()).toEqual(["agents", "n1", "n2", "n3", "s1", "s2"]);
    expect(await readdir(world.directory)).toEqual([
      "agents",
      "certs",
      "fleet.yaml",
      "n1",
      "n2",
      "n3",
      "s1",
      "s2",
    ]);
    // Neither the staging folder nor the lock is left.
    expect((await readdir(world.root)).sort()).toEqual([".fleet", "config"]);
  });

  test("gives each shard a machines file of its own, and needs a shard for it", async () => {
    const world = await fakeWorld();
    const machines = "machines: [{instanceType: m5, zone: a, count: 2}]\n";
    await init(world, { shards: 2, machines });
    for (const shard of ["s1", "s2"]) {
      const path = join(world.directory, shard, "machines.yaml");
      expect(await readFile(path, "utf8")).toBe(machines);
      expect(argsOf(world)).toContainEqual(expect.stringContaining(`--machines ${path}`));
    }
    expect((await init(world, { shards: 2, machines })).notes).toEqual([
      expect.stringContaining("--machines was ignored"),
    ]);
    expect(await failureOf(init(await fakeWorld(), { shards: 0, machines }))).toMatchObject({
      code: "USAGE",
    });
  });

  test("has certificates that belong together and keys that only their owner reads", async () => {
    const world = await fakeWorld();
    await init(world, { shards: 1, clusters: 1 });
    const certs = join(world.directory, "certs");
    const pair = (folder: string, holder: string) => ({
      ca: join(folder, "ca.crt"),
      cert: join(folder, `${holder}.crt`),
      key: join(folder, `${holder}.key`),
    });
    for (const holder of ["admin", "readonly", "n1", "n2", "n3", "s1"]) loadTls(pair(certs, holder));
    loadTls(pair(join(certs, "clusters"), "c1"));
    for (const key of ["ca.key", "admin.key", "n1.key", "clusters/c1.key"]) {
      expect((await stat(join(certs, key))).mode & 0o777).toBe(0o600);
    }
    expect((await stat(certs)).mode & 0o777).toBe(0o700);
    expect((await stat(world.directory)).mode & 0o777).toBe(0o700);
  });

  test("deals its clusters out to the shards in turn", async () => {
    const world = await fakeWorld();
    await init(world, { shards: 2, clusters: 3 });
    const { shards } = await fleetFile(world);
    const path = join(world.directory, "agents", "agents.yaml");
    const agents = parseAgentsFile(await readFile(path, "utf8"), path);
    expect(agents.map((agent) => [agent.cluster, agent.shardAddr])).toEqual([
      ["c1", shards[0]?.address],
      ["c2", shards[1]?.address],
      ["c3", shards[0]?.address],
    ]);
  });

  test("takes an empty folder that is there already", async () => {
    const world = await fakeWorld();
    await mkdir(world.directory);
    expect((await init(world)).outcome).toBe("created");
  });

  test("is founded once: later starts take an empty data folder for a lost disk", async () => {
    const world = await fakeWorld();
    await init(world);
    expect(argsOf(world).every((args) => args.endsWith("--bootstrap"))).toBe(true);
    world.processes.endAll();
    world.processes.launches.length = 0;
    await upFleet(world.directory, world.deps);
    expect(argsOf(world).some((args) => args.includes("--bootstrap"))).toBe(false);
  });

  test("owns its ports also where it was moved to", async () => {
    const world = await fakeWorld();
    const { nodes } = await init(world);
    world.processes.endAll();
    const moved = join(world.root, "moved");
    await rename(world.directory, moved);
    await upFleet(moved, world.deps);
    const links = nodes.map(({ address }) => join(world.deps.portLinks, address.split(":").at(-1) ?? ""));
    expect(new Set(await Promise.all(links.map((link) => readlink(link))))).toEqual(new Set([moved]));
  });

  test("goes on being founded when its first start never committed a write", async () => {
    const world = await fakeWorld(async () => {
      throw new Error("no leader");
    });
    await expect(init(world)).rejects.toThrow("no leader");
    world.processes.endAll();
    world.processes.launches.length = 0;
    const { outcome } = await upFleet(world.directory, {
      ...world.deps,
      waitReady: async () => ({ leader: "n2" }),
    });
    expect(outcome).toBe("started");
    expect(argsOf(world).every((args) => args.endsWith("--bootstrap"))).toBe(true);
  });

  test.each([
    { options: { clusters: 1, shards: 0 }, why: "clusters need a shard to dial" },
    { options: { name: "My Fleet" }, why: "the name goes into files and certificates" },
  ])("is refused before anything is touched: $why", async ({ options }) => {
    const world = await fakeWorld();
    expect(await failureOf(init(world, options))).toMatchObject({ code: "USAGE", exit: Exit.Usage });
    expect(await readdir(world.root)).toEqual([]);
  });
});

test("where the contexts cannot be written, nothing is made or started, and what to set is said", async () => {
  const world = await fakeWorld();
  const home = join(world.root, "home");
  await writeFile(home, "");
  const deps = { ...world.deps, contextsFile: join(home, ".config", "fleet", "contexts.yaml") };
  const failure = await failureOf(init({ ...world, deps }));
  expect(failure).toMatchObject({ code: "CONTEXTS_NOT_WRITABLE", exit: Exit.Precondition });
  for (const name of ["HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"]) expect(failure["next"]).toContain(name);
  expect(await readdir(world.root)).toEqual(["home"]);
  expect(world.processes.launches).toEqual([]);
});

test.each(["/proc/x", "/dev/null/x"])("no fleet can be made in %s, which is said", async (directory) => {
  const world = await fakeWorld();
  const failure = await failureOf(init(world, { directory }));
  expect(failure).toMatchObject({ code: "FOLDER_UNUSABLE", exit: Exit.Precondition });
});

describe("a fleet that is there", () => {
  test("is left alone when it runs, whatever is asked for", async () => {
    const world = await fakeWorld();
    await init(world);
    const before = await fleetFile(world);
    const again = await init(world, { nodes: 5, shards: 3, name: "other" });
    expect(again).toMatchObject({ outcome: "already-running", name: "local" });
    const ignored = (flag: string, has: string) =>
      `${flag} was ignored: the fleet in ${world.directory} has ${has}; `;
    expect(again.notes).toEqual([
      `the fleet in ${world.directory} is called local, and keeps that name`,
      `${ignored("--nodes 5", "3 nodes")}change that with: fleet member add NAME`,
      `--shards 3 was ignored: ${world.directory}/fleet.yaml has 0 shards; make another fleet with: fleet init --dir FOLDER`,
    ]);
    const asItIs = { nodes: undefined, shards: undefined, clusters: undefined, profile: undefined };
    expect((await init(world, asItIs)).notes).toEqual([]);
    expect(await fleetFile(world)).toEqual(before);
    expect(world.processes.launches.length).toBe(3);
  });

  test("is found from the folder above", async () => {
    const world = await fakeWorld();
    await init(world);
    expect((await init(world, { directory: world.root })).outcome).toBe("already-running");
    expect((await upFleet(world.root, world.deps)).directory).toBe(world.directory);
  });

  test("is started on the same ports when it was stopped, and stale pid files are replaced", async () => {
    const world = await fakeWorld();
    await init(world);
    const before = await fleetFile(world);
    world.processes.endAll();
    const again = await init(world);
    expect(again.outcome).toBe("started");
    expect(again.notes.map((note) => note.split(" ")[0])).toEqual(["n1", "n2", "n3"]);
    expect(again.notes[0]).toMatch(/n1 was not stopped properly \(process \d+ is gone\)/);
    expect(await fleetFile(world)).toEqual(before);
  });

  test("has only what does not run started", async () => {
    const world = await fakeWorld();
    await init(world);
    await rm(join(world.directory, "n2", "pid"));
    expect((await init(world)).outcome).toBe("started");
    expect(world.processes.startedNames()).toEqual(["n1", "n2", "n2", "n3"]);
  });

  test("may be moved while it is stopped", async () => {
    const world = await fakeWorld();
    await init(world);
    world.processes.endAll();
    const moved = join(world.root, "moved");
    await rename(world.directory, moved);
    const report = await upFleet(moved, world.deps);
    expect(report).toMatchObject({ outcome: "started", context: "local" });
    expect(world.processes.launches.at(-1)?.args.join(" ")).toContain(join(moved, "certs"));
    expect((await loadContexts(world.deps.contextsFile)).contexts.get("local")?.directory).toBe(moved);
  });

  test.each([["certs"], ["certs/n2.key"], ["n3"], ["certs/clusters/ca.crt"], ["agents/agents.yaml"]])(
    "is not started without its %s, which is named",
    async (missing) => {
      const world = await fakeWorld();
      await init(world, { shards: 1, clusters: 1 });
      world.processes.endAll();
      world.processes.launches.length = 0;
      await rm(join(world.directory, missing), { recursive: true });
      const failure = await failureOf(init(world));
      expect(failure).toMatchObject({ code: "FLEET_INCOMPLETE", exit: Exit.Precondition });
      expect(failure["what"]).toContain(join(world.directory, missing));
      expect(world.processes.launches).toEqual([]);
    },
  );

  test("is started although a node's data is gone: the others take that node in again", async () => {
    const world = await fakeWorld();
    await init(world);
    world.processes.endAll();
    await rm(join(world.directory, "n2", "data"), { recursive: true });
    expect((await init(world)).outcome).toBe("started");
  });

  test("is not started at all while one of its ports is taken, and the port and its holder are named", async () => {
    const world = await fakeWorld();
    await init(world);
    world.processes.endAll();
    world.processes.launches.length = 0;
    const address = (await fleetFile(world)).nodes[1]?.address ?? "";
    await occupy(address);
    const failure = await failureOf(init(world));
    expect(failure).toMatchObject({ code: "PORT_TAKEN", exit: Exit.Precondition, endpoint: address });
    expect(failure["what"]).toContain(`n2 cannot listen on ${address}`);
    if (process.platform === "linux")
      expect(failure["why"]).toContain(`process ${process.pid} listens on it`);
    expect(world.processes.launches).toEqual([]);
  });

  test("nor while a port for metrics is taken", async () => {
    const world = await fakeWorld();
    await init(world);
    world.processes.endAll();
    const address = `127.0.0.1:${(await fleetFile(world)).nodes[1]?.metricsPort}`;
    await occupy(address);
    expect(await failureOf(init(world))).toMatchObject({ code: "PORT_TAKEN", endpoint: address });
  });
});

describe("something else in the folder's place", () => {
  test.each([
    {
      what: "a folder with files",
      make: async (path: string) => {
        await mkdir(path);
        await writeFile(join(path, "notes.txt"), "mine");
      },
    },
    {
      what: "a half-copied fleet without fleet.yaml",
      make: (path: string) => mkdir(join(path, "certs"), { recursive: true }),
    },
    { what: "a file", make: (path: string) => writeFile(path, "mine") },
    { what: "a link that leads nowhere", make: (path: string) => symlink("/nowhere/at/all", path) },
  ])("$what is refused and not touched", async ({ make }) => {
    const world = await fakeWorld();
    await make(world.directory);
    const before = await readdir(world.root, { recursive: true });
    const failure = await failureOf(init(world));
    expect(failure).toMatchObject({ code: "FOREIGN_DIRECTORY", exit: Exit.Precondition });
    expect(failure["next"]).toContain("--dir");
    expect(await readdir(world.root, { recursive: true })).toEqual(before);
  });

  test("a broken fleet.yaml is named, and never bootstrapped over", async () => {
    const world = await fakeWorld();
    await mkdir(world.directory);
    await writeFile(join(world.directory, "fleet.yaml"), "schemaVersion: 1\n");
    expect(await failureOf(init(world))).toMatchObject({ code: "CONFIG_INVALID", exit: Exit.NotFound });
    expect(await readFile(join(world.directory, "fleet.yaml"), "utf8")).toBe("schemaVersion: 1\n");
  });
});

describe("an init that was interrupted", () => {
  test("leaves a staging folder that the next one removes and mentions", async () => {
    const world = await fakeWorld();
    const staging = `${world.directory}.tmp-77-abcdef`;
    await mkdir(join(staging, "certs"), { recursive: true });
    await writeFile(join(staging, "lock"), '{"pid":77,"startTime":"gone"}');
    const { outcome, notes } = await init(world);
    expect(outcome).toBe("created");
    expect(notes).toEqual([`removed ${staging}, left by a fleet init that was interrupted`]);
    expect((await readdir(world.root)).sort()).toEqual([".fleet", "config"]);
  });

  test("is not mistaken for one that still runs, nor for somebody's own folder", async () => {
    const world = await fakeWorld();
    world.processes.put(77, "still here");
    const others = [`${world.directory}.tmp-77-abcdef`, `${world.directory}.tmp-mine`];
    for (const folder of others) await mkdir(folder);
    await writeFile(join(others[0] ?? "", "lock"), '{"pid":77,"startTime":"still here"}');
    expect((await init(world)).notes).toEqual([]);
    expect((await readdir(world.root)).length).toBe(4);
  });
});

async function occupy(address: string): Promise<void> {
  const server: Server = createServer();
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
  const port = Number(address.split(":")[1]);
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
}
