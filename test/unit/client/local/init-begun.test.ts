// What `fleet init` and `fleet up` say when another one runs at the same time. Also when their processes exit, do not
// serve, or are refused by the others.

import { writeFileSync } from "node:fs";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readAuthority } from "../../../../src/client/cert/authority.ts";
import { issueCertificate } from "../../../../src/client/cert/certs.ts";
import type { Target } from "../../../../src/client/context/target.ts";
import { authorityFiles, holderTls } from "../../../../src/client/files/layout.ts";
import { upFleet } from "../../../../src/client/local/init.ts";
import { Exit, OperatorError } from "../../../../src/core/base/errors.ts";
import { FakeProcesses, failureOf, fakeWorld } from "./fakes.ts";
import { init, inRealTime } from "./init-in.ts";

test("of two inits at a time one makes the fleet and the other says so", async () => {
  const world = inRealTime(await fakeWorld());
  const reports = await Promise.all([init(world), init(world)]);
  expect(reports.map((report) => report.outcome).sort()).toEqual(["already-running", "created"]);
  expect(reports.flatMap((report) => report.notes)).toEqual([
    "another fleet init made this fleet at the same time; this one made nothing",
  ]);
  expect(world.processes.startedNames()).toEqual(["n1", "n2", "n3"]);
  expect((await readdir(world.root)).sort()).toEqual([".fleet", "config"]);
});

test("of two inits at a time on a stopped fleet one starts it", async () => {
  const world = inRealTime(await fakeWorld());
  await init(world);
  world.processes.endAll();
  world.processes.launches.length = 0;
  const reports = await Promise.all([init(world), init(world)]);
  expect(reports.map((report) => report.outcome).sort()).toEqual(["already-running", "started"]);
  expect(world.processes.startedNames()).toEqual(["n1", "n2", "n3"]);
});

test("a fleet whose coordinators exit is given up at once, with the end of a log", async () => {
  const processes = new FakeProcesses();
  const world = await fakeWorld(async () => {
    // In one turn: a look that is under way meanwhile would see some of them running.
    writeFileSync(join(world.directory, "n1", "log"), "starting\n\nthe disk is full\n");
    processes.endAll();
    return new Promise(() => {});
  }, processes);
  const failure = await failureOf(init(world));
  expect(failure).toMatchObject({ code: "NODES_EXITED", exit: Exit.NoQuorum });
  expect(failure["why"]).toBe("the log of n1 ends: starting | the disk is full");
});

test("a fleet that answers although everybody refuses a node's certificate was not started: which, and why", async () => {
  const world = await fakeWorld();
  await init(world);
  const tls = holderTls(world.directory, "n3");
  const { pair } = await readAuthority(authorityFiles(world.directory));
  const request = { commonName: "n3", uri: "fleet://replica/3", days: -0.01 };
  const { certificate, key } = await issueCertificate(pair, request);
  await writeFile(tls.cert, certificate);
  await writeFile(tls.key, key);
  const failure = await failureOf(upFleet(world.directory, world.deps));
  expect(failure).toMatchObject({ code: "NODES_UNREACHABLE", exit: Exit.NoQuorum });
  expect(failure["what"]).toContain(`n3 runs, so every peer refuses its certificate: ${tls.cert} ended at`);
  expect(failure["next"]).toBe("fleet cert rotate n3");
});

test("a fleet that answers although a node has exited was not started: which one, and why", async () => {
  const world = await fakeWorld(async () => {
    await rm(join(world.directory, "n3", "pid"));
    await writeFile(join(world.directory, "n3", "log"), "the log is corrupt\n");
    return { leader: "n1" };
  });
  const failure = await failureOf(init(world));
  expect(failure).toMatchObject({ code: "NODES_EXITED", exit: Exit.NoQuorum });
  expect(failure["what"]).toBe("n3 exited: the others have a leader and continue");
  expect(failure["why"]).toBe("the log of n3 ends: the log is corrupt");
});

test("a node that dies only after the others have a leader is waited for", async () => {
  const world = await fakeWorld();
  let looks = 0;
  const deps = {
    ...world.deps,
    isListening: async () => {
      looks += 1;
      if (looks === 10) await rm(join(world.directory, "n2", "pid"));
      return false;
    },
  };
  const failure = await failureOf(init({ ...world, deps }));
  expect(failure["what"]).toContain("n2 exited");
});

test("a node that neither serves nor ends is told of", async () => {
  const world = await fakeWorld();
  const deps = { ...world.deps, isListening: async (address: string) => !address.endsWith("0") };
  const { nodes, notes } = await init({ ...world, deps });
  const silent = nodes.filter(({ address }) => address.endsWith("0")).map(({ name }) => name);
  expect(notes.map((note) => note.split(" ")[0])).toEqual(silent);
});

test.each([
  { looks: 4, told: [], why: "it is waited for" },
  { looks: Number.POSITIVE_INFINITY, told: ["s1"], why: "it is told of in the end" },
])("a shard that serves and has not registered, for $looks looks: $why", async ({ looks, told }) => {
  const world = await fakeWorld();
  let looked = 0;
  const standing = async (_: Target, shards: readonly string[]) => {
    looked += 1;
    return { removed: [], unregistered: looked > looks ? [] : shards.filter((shard) => shard === "s1") };
  };
  const { notes } = await init({ ...world, deps: { ...world.deps, standing } }, { shards: 2 });
  expect(notes.map((note) => note.split(" ")[0])).toEqual(told);
  expect(looked).toBeGreaterThan(4);
});

test.each([
  { listening: true, why: "every process serves" },
  { listening: false, why: "one does not serve yet" },
])("a shard that was removed from the fleet is not counted, and is named: $why", async ({ listening }) => {
  const world = await fakeWorld();
  const isListening = async (address: string) => listening || !address.endsWith("0");
  const standing = async () => ({ removed: ["s2"], unregistered: [] });
  const begun = await init({ ...world, deps: { ...world.deps, isListening, standing } }, { shards: 2 });
  expect(begun).toMatchObject({ shards: 1 });
  expect(begun.notes).toContain(
    "s2 runs here, but was removed from the fleet; take it back with: fleet shard activate s2",
  );
});

test("a shard that ends before it has registered fails the start", async () => {
  const world = await fakeWorld();
  const standing = async (_: Target, shards: readonly string[]) => {
    await rm(join(world.directory, "s1", "pid"), { force: true });
    return { removed: [], unregistered: shards };
  };
  const failure = await failureOf(init({ ...world, deps: { ...world.deps, standing } }, { shards: 2 }));
  expect(failure).toMatchObject({ code: "NODES_EXITED" });
  expect(failure["what"]).toContain("s1 exited");
});

test.each([
  { waitReady: async () => ({ leader: "n1" }), why: "the others have a leader" },
  {
    waitReady: async () => {
      throw new OperatorError("NO_LEADER", { what: "no leader was elected", exit: Exit.NoQuorum });
    },
    why: "the others have no quorum",
  },
])("a process that runs and does not answer is named, with what to do: $why", async ({ waitReady }) => {
  const world = await fakeWorld();
  const { nodes } = await init(world);
  const hung = nodes.find(({ name }) => name === "n2")?.address;
  const deps = { ...world.deps, waitReady, isSilent: async (address: string) => address === hung };
  const failure = await failureOf(upFleet(world.directory, deps));
  expect(failure).toMatchObject({ code: "NODES_HUNG", exit: Exit.NoQuorum });
  expect(failure["what"]).toBe("n2 runs and does not answer");
  const { pid } = JSON.parse(await readFile(join(world.directory, "n2", "pid"), "utf8"));
  expect(failure["next"]).toContain(`kill -KILL ${pid}, then fleet up`);
});

test("a process that answers late does not count as hung", async () => {
  const world = await fakeWorld();
  let looks = 0;
  const isSilent = async () => {
    looks += 1;
    return looks < 10;
  };
  const { outcome } = await init({ ...world, deps: { ...world.deps, isSilent } });
  expect(outcome).toBe("created");
});

test("fleet up without a fleet says how to make one", async () => {
  const world = await fakeWorld();
  expect(await failureOf(upFleet(world.root, world.deps))).toMatchObject({
    code: "FLEET_NOT_FOUND",
    exit: Exit.NotFound,
    next: "make one with: fleet init",
  });
});
