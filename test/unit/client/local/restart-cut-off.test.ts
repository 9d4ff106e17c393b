// A shard that has heard of no other coordinators than those of its start. Once all of them have left, it is started again,
// by the command that removed the last one or by `fleet up`.

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findCutOff } from "../../../../src/client/files/cut-off-shards.ts";
import { addNode, dropNode, type NodeEntry } from "../../../../src/client/files/fleet-file.ts";
import { loadLocalFleet } from "../../../../src/client/files/local-fleet.ts";
import { upFleet } from "../../../../src/client/local/init.ts";
import { writeNodeCertificate } from "../../../../src/client/local/staging.ts";
import { retireLocalMember } from "../../../../src/client/member/local-member.ts";
import { type FakeWorld, fakeWorld } from "./fakes.ts";
import { init } from "./init-in.ts";

const NEWCOMER: NodeEntry = { id: 9, name: "m1", address: "127.0.0.1:7009" };
const NOTE = "s1 was restarted: every coordinator that it knew has left the fleet";

/** A fleet of `nodes` with one shard, and a newcomer that the shard does not know. */
async function grown(nodes: 1 | 3): Promise<FakeWorld> {
  const world = await fakeWorld();
  await init(world, { nodes, shards: 1 });
  await writeNodeCertificate(world.directory, NEWCOMER);
  await mkdir(join(world.directory, NEWCOMER.name, "data"), { recursive: true });
  await edit(world, (text) => addNode(text, NEWCOMER));
  world.processes.launches.length = 0;
  return world;
}

async function edit({ directory }: FakeWorld, change: (text: string) => string): Promise<void> {
  const path = join(directory, "fleet.yaml");
  await writeFile(path, change(await readFile(path, "utf8")));
}

/** The coordinators with which shards were started since the fleet grew. */
const listsOf = ({ processes }: FakeWorld) =>
  processes.launches.flatMap(({ args }) => {
    const at = args.indexOf("--coordinators");
    return at === -1 ? [] : [args[at + 1]];
  });

const cutOff = async ({ directory, processes }: FakeWorld) =>
  (await findCutOff(await loadLocalFleet(directory), processes)).map(({ plan }) => plan.name);

test("the removal of the last coordinator that a shard knows restarts it with the present ones", async () => {
  const world = await grown(1);
  const notes = await retireLocalMember(world.directory, "n1", world.deps);
  expect(notes).toContain(NOTE);
  expect(listsOf(world)).toEqual([NEWCOMER.address]);
  expect(await cutOff(world)).toEqual([]);
});

test("a shard that still knows one member is not restarted, because each member names the leader", async () => {
  const world = await grown(3);
  for (const name of ["n1", "n2"]) {
    expect(await retireLocalMember(world.directory, name, world.deps)).not.toContain(NOTE);
  }
  expect(listsOf(world)).toEqual([]);
});

test("a shard that a leader told of the newcomer is not restarted", async () => {
  const world = await grown(1);
  const { file } = await loadLocalFleet(world.directory);
  const given = file.nodes.map(({ address }) => address).filter((address) => address !== NEWCOMER.address);
  const learned = { schemaVersion: 1, given, coordinators: [NEWCOMER.address] };
  const folder = join(world.directory, "s1", "data");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "coordinators.json"), JSON.stringify(learned));
  expect(await retireLocalMember(world.directory, "n1", world.deps)).not.toContain(NOTE);
  expect(listsOf(world)).toEqual([]);
});

test("fleet up restarts a shard that an interrupted removal left with none, and says so", async () => {
  const world = await grown(1);
  await edit(world, (text) => dropNode(text, "n1"));
  expect(await cutOff(world)).toEqual(["s1"]);
  const { notes } = await upFleet(world.directory, world.deps);
  expect(notes).toContain(NOTE);
  expect(listsOf(world)).toEqual([NEWCOMER.address]);
});
