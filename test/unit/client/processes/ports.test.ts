// Free ports are distinct and stay held. A port of a stopped fleet is never chosen. For a taken port, the answer
// names its holder where the kernel tells it.
import { once } from "node:events";
import { chmod, mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import {
  disown,
  ownNamed,
  type PortOwner,
  portLinksIn,
} from "../../../../src/client/processes/port-owners.ts";
import {
  findPortHolder,
  holdFreePorts,
  isPortTaken,
  portOf,
} from "../../../../src/client/processes/ports.ts";
import { present } from "../../../../src/core/base/assert.ts";
import { lacks } from "../../../lacks.ts";
import { temporaryFolder } from "../../../temporary-folder.ts";

let root = "";
let owner: PortOwner;

beforeEach(async () => {
  root = await temporaryFolder();
  owner = await ownerNamed("one");
});

async function ownerNamed(name: string): Promise<PortOwner> {
  const folder = join(root, name);
  await mkdir(folder);
  // Of all tests: none of these ports may be another fleet's.
  return { portLinks: portLinksIn(process.env), folder };
}

/** Ports of a fleet that is stopped: its folder names them, and no process listens. */
async function stoppedFleet(by: PortOwner, count: number, file = "fleet.yaml"): Promise<number[]> {
  const held = await holdFreePorts(count, by);
  await writeFile(join(by.folder, file), held.addresses.join("\n"));
  await held.release();
  return held.addresses.map(portOf);
}

/** A fleet that would draw `wanted` first, and then any other. */
async function chosenBy(by: PortOwner, wanted: readonly number[]): Promise<number> {
  const left = [...wanted];
  const held = await holdFreePorts(1, by, { draw: () => left.shift() ?? free() });
  await held.release();
  return portOf(held.addresses[0] ?? "");
}

// No fleet chooses ports here.
let next = 30_000;
const free = (): number => (next += 1);

test("ports held together are distinct, taken while held, and free once released", async () => {
  const ports = await holdFreePorts(5, owner);
  try {
    expect(new Set(ports.addresses).size).toBe(5);
    // Where no outgoing connection can stand in the way of a restart.
    for (const address of ports.addresses) expect(portOf(address)).toBeLessThan(30_000);
    expect(await Promise.all(ports.addresses.map(isPortTaken))).toEqual([true, true, true, true, true]);
  } finally {
    await ports.release();
  }
  // Releasing twice is harmless: an error path may do it after the good one.
  await ports.release();
  expect(await isPortTaken(ports.addresses[0] ?? "")).toBe(false);
});

// A process that is down holds no port, but will want its own when it is started again.
test("reserved ports are passed over, and not kept", async () => {
  const reserved = new Set<number>();
  const isReserved = (port: number) => {
    if (reserved.size < 3) reserved.add(port);
    return reserved.has(port);
  };
  const ports = await holdFreePorts(2, owner, { isReserved });
  try {
    expect(reserved.size).toBe(3);
    expect(ports.addresses.map(portOf).filter((port) => reserved.has(port))).toEqual([]);
    const taken = await Promise.all([...reserved].map((port) => isPortTaken(`127.0.0.1:${port}`)));
    expect(taken).toEqual([false, false, false]);
  } finally {
    await ports.release();
  }
});

test.each(["fleet.yaml", "engine-move.json"])(
  "a port that a stopped fleet names in %s is never another's",
  async (file) => {
    const ports = await stoppedFleet(owner, 3, file);
    expect(ports).not.toContain(await chosenBy(await ownerNamed("two"), ports));
  },
);

// `fleet member add` of the same fleet, too.
test("nor is it chosen twice for the same fleet", async () => {
  const ports = await stoppedFleet(owner, 3);
  expect(ports).not.toContain(await chosenBy(owner, ports));
});

test.each([
  { why: "it was removed", end: (folder: string) => rm(folder, { recursive: true }) },
  {
    why: "it names the port no longer",
    end: (folder: string) => writeFile(join(folder, "fleet.yaml"), "nodes: []"),
  },
])("a port is free again when its fleet is gone: $why", async ({ end }) => {
  const [port = 0] = await stoppedFleet(owner, 1);
  await end(owner.folder);
  expect(await chosenBy(await ownerNamed("two"), [port])).toBe(port);
});

test("a fleet that is destroyed leaves no link, and those of others", async () => {
  const mine = await stoppedFleet(owner, 2);
  const two = await ownerNamed("two");
  const others = await stoppedFleet(two, 2);
  await disown(owner);
  const links = await readdir(owner.portLinks);
  expect(mine.map((port) => links.includes(String(port)))).toEqual([false, false]);
  expect(others.map((port) => links.includes(String(port)))).toEqual([true, true]);
});

test("a fleet that is started in another folder owns its ports again, and none that another fleet names too", async () => {
  const ports = await stoppedFleet(owner, 2);
  const moved = { ...owner, folder: join(root, "moved") };
  await rename(owner.folder, moved.folder);
  const two = await ownerNamed("two");
  const others = await stoppedFleet(two, 1);
  await writeFile(join(moved.folder, "fleet.yaml"), [...ports, ...others].join(" "));
  await ownNamed(moved, [...ports, ...others]);
  expect(ports).not.toContain(await chosenBy(await ownerNamed("three"), ports));
  await disown(two);
  expect(await readdir(owner.portLinks)).not.toContain(String(others[0]));
});

test("a member that leaves takes its own ports' links along", async () => {
  const [first = 0, second = 0] = await stoppedFleet(owner, 2);
  await disown(owner, [first]);
  const links = await readdir(owner.portLinks);
  expect([first, second].map((port) => links.includes(String(port)))).toEqual([false, true]);
});

test("fleets that choose at the same time choose different ports", async () => {
  const owners = await Promise.all(["a", "b", "c", "d"].map(ownerNamed));
  // All of them would have the same few.
  const first = free();
  next += 20;
  const chosen = await Promise.all(
    owners.map(async (by) => {
      let at = first;
      const held = await holdFreePorts(4, by, { draw: () => at++ });
      await writeFile(join(by.folder, "fleet.yaml"), held.addresses.join("\n"));
      await held.release();
      return held.addresses;
    }),
  );
  expect(new Set(chosen.flat()).size).toBe(16);
});

// Root may write everywhere.
test.skipIf(lacks("a user who is not root", process.getuid?.() !== 0))(
  "ports are chosen also where no link can be made",
  async () => {
    await chmod(root, 0o500);
    const ports = await holdFreePorts(1, { ...owner, portLinks: root }, { draw: free });
    await ports.release();
  },
);

test("ports are chosen also where no state folder can be", async () => {
  const ports = await holdFreePorts(1, { ...owner, portLinks: "/dev/null/ports" }, { draw: free });
  await ports.release();
});

test("ports are chosen also where no lock can be made", async () => {
  const portLinks = join(root, "links");
  // A lock is a file.
  await mkdir(join(portLinks, "lock"), { recursive: true });
  const ports = await holdFreePorts(1, { ...owner, portLinks }, { draw: free });
  await ports.release();
});

test("the holder of a port is named by pid and command", async () => {
  const ports = await holdFreePorts(1, owner);
  try {
    const holder = await findPortHolder(ports.addresses[0] ?? "");
    // Without /proc there is no answer, and the error says less.
    if (process.platform === "linux") expect(holder?.pid).toBe(process.pid);
    else expect(holder).toBeNull();
  } finally {
    await ports.release();
  }
});

// A member's peers dial it as soon as its row is written, which is before its process takes the port over.
test("a port is let go although somebody has dialed it", async () => {
  const ports = await holdFreePorts(1, owner);
  const dialed = connect(portOf(present(ports.addresses[0], "a port is held")), "127.0.0.1");
  dialed.on("error", () => undefined);
  await once(dialed, "connect");
  await ports.release();
  dialed.destroy();
});
