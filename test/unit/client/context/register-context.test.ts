// Contexts of local fleets: no context of another fleet is ever overwritten.
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { loadContexts } from "../../../../src/client/context/contexts-file.ts";
import { initFleet } from "../../../../src/client/local/init.ts";
import { type FakeWorld, fakeWorld } from "../local/fakes.ts";

const init = (world: FakeWorld, folder: string) =>
  initFleet(
    { directory: join(world.root, folder), nodes: 1, shards: 0, clusters: 0, profile: "lan" },
    world.deps,
  );
const summary = async (world: FakeWorld) => {
  const { current, contexts } = await loadContexts(world.deps.contextsFile);
  return { current, directories: [...contexts].map(([name, context]) => [name, context.directory]) };
};

test("two fleets of one name get two contexts, and the newest is current", async () => {
  const world = await fakeWorld();
  await init(world, "a");
  const second = await init(world, "b");
  expect(second.context).toBe("local-2");
  expect(second.notes).toEqual([
    "the context is called local-2, because another fleet's context is called local",
    "the current context was local and is now local-2",
  ]);
  expect(await summary(world)).toEqual({
    current: "local-2",
    directories: [
      ["local", join(world.root, "a")],
      ["local-2", join(world.root, "b")],
    ],
  });
});

test("running init again changes neither contexts nor the current one", async () => {
  const world = await fakeWorld();
  await init(world, "a");
  await init(world, "b");
  const before = await summary(world);
  expect((await init(world, "a")).notes).toEqual([]);
  expect(await summary(world)).toEqual(before);
});

test("a context whose fleet is gone gives its name up", async () => {
  const world = await fakeWorld();
  await init(world, "a");
  await rm(join(world.root, "a"), { recursive: true });
  expect((await init(world, "b")).context).toBe("local");
  expect((await summary(world)).directories).toEqual([["local", join(world.root, "b")]]);
});

test("a context of a fleet elsewhere is kept, whatever its name", async () => {
  const world = await fakeWorld();
  await mkdir(dirname(world.deps.contextsFile));
  await writeFile(world.deps.contextsFile, "contexts: {local: {endpoints: [far.example:4001]}}\n");
  expect((await init(world, "a")).context).toBe("local-2");
  expect((await loadContexts(world.deps.contextsFile)).contexts.get("local")?.endpoints).toEqual([
    "far.example:4001",
  ]);
});

test("what the user added to a local fleet's context stays", async () => {
  const world = await fakeWorld();
  await init(world, "a");
  const readOnly = `contexts:\n  mine:\n    directory: ${join(world.root, "a")}\n    readOnly: true\n`;
  await writeFile(world.deps.contextsFile, readOnly);
  expect((await init(world, "a")).context).toBe("mine");
  expect((await loadContexts(world.deps.contextsFile)).contexts.get("mine")?.readOnly).toBe(true);
});
