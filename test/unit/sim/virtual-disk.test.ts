import { expect, test } from "vitest";
import { writeFileDurably } from "../../../src/core/base/durable-file.ts";
import { Chance } from "../../../src/core/sim/chance.ts";
import { VirtualDisk } from "../../../src/core/sim/virtual-disk.ts";
import { VirtualFiles } from "../../../src/core/sim/virtual-files.ts";

const SECTORS = 8;
const bytes = (value: number, sectors = SECTORS) => new Uint8Array(512 * sectors).fill(value);

/** A disk, and a process's files on it; `steps` counts down to the power cut at the so-many-th wait. */
function machine(seed: number) {
  const disk = new VirtualDisk(new Chance(seed));
  const control = { stepsLeft: Number.POSITIVE_INFINITY };
  const files = new VirtualFiles({
    disk,
    chance: new Chance(seed),
    delayMs: () => 1,
    pass: () => {
      control.stepsLeft -= 1;
      return control.stepsLeft < 0 ? new Promise(() => undefined) : Promise.resolve();
    },
    onUse: () => undefined,
    onWrite: () => () => undefined,
  });
  return { disk, files, control };
}

const settle = async () => {
  for (let hop = 0; hop < 200; hop += 1) await null;
};

/** What is there after a power cut, over many seeds; each different outcome once. */
async function outcomes(work: (made: ReturnType<typeof machine>) => Promise<string>): Promise<Set<string>> {
  const found = new Set<string>();
  for (let seed = 1; seed <= 300; seed += 1) found.add(await work(machine(seed)));
  return found;
}

const shown = (disk: VirtualDisk, path: string): string => {
  const content = disk.inode(path)?.cached;
  if (content === undefined) return "missing";
  if (content.length === 0) return "empty";
  return [...new Set(content.filter((_, at) => at % 512 === 0))].sort().join("+");
};

test("a file without any sync may be missing, empty, torn or whole after a power cut", async () => {
  const found = await outcomes(async ({ disk, files }) => {
    const file = await files.create("/f");
    await file.fill(bytes(7));
    disk.cutPower();
    return shown(disk, "/f");
  });
  expect([...found].sort()).toEqual(["0", "0+7", "7", "empty", "missing"]);
});

test("content is safe after the file's sync, and its name after the directory's", async () => {
  const synced = await outcomes(async ({ disk, files }) => {
    const file = await files.create("/f");
    await file.fill(bytes(7));
    await file.sync();
    disk.cutPower();
    return shown(disk, "/f");
  });
  expect([...synced].sort()).toEqual(["7", "missing"]);
  const named = await outcomes(async ({ disk, files }) => {
    const file = await files.create("/f");
    await file.fill(bytes(7));
    await file.sync();
    await files.syncDirectory("/");
    disk.cutPower();
    return shown(disk, "/f");
  });
  expect([...named]).toEqual(["7"]);
});

test("of a synced write that was under way each sector is old or new", async () => {
  const found = await outcomes(async ({ disk, files, control }) => {
    await writeFileDurably("/f", bytes(1), undefined, files);
    const file = await files.openSynced("/f");
    control.stepsLeft = 0;
    void file.write(bytes(2, 4), 1024);
    await settle();
    disk.cutPower();
    return shown(disk, "/f");
  });
  expect([...found].sort()).toEqual(["1", "1+2"]);
});

test("a killed process loses nothing, and a later power cut what it did not sync", async () => {
  const found = await outcomes(async ({ disk, files, control }) => {
    await writeFileDurably("/f", bytes(1), undefined, files);
    const file = await files.openSynced("/f");
    control.stepsLeft = 0;
    void file.write(bytes(2), 0);
    await settle();
    expect(shown(disk, "/f")).toBe("2");
    disk.cutPower();
    return shown(disk, "/f");
  });
  expect([...found].sort()).toEqual(["1", "1+2", "2"]);
});

test("after a failed sync the cache shows what the disk may not hold, and no later sync brings it there", async () => {
  const found = await outcomes(async ({ disk, files }) => {
    await writeFileDurably("/f", bytes(1), undefined, files);
    const file = await files.openSynced("/f");
    disk.isFailing = true;
    await expect(file.write(bytes(2), 0)).rejects.toMatchObject({ code: "EIO" });
    disk.isFailing = false;
    await file.write(bytes(3, 1), 512);
    expect(shown(disk, "/f")).toBe("2+3");
    disk.cutPower();
    return shown(disk, "/f");
  });
  expect(found).toContain("1+3");
  expect(found).toContain("2+3");
});

test("a whole file that is replaced is the old one or the new one, whenever the power is cut", async () => {
  let steps = 0;
  const found = await outcomes(async ({ disk, files, control }) => {
    await writeFileDurably("/f", bytes(1), undefined, files);
    control.stepsLeft = steps++ % 4;
    void writeFileDurably("/f", bytes(2), undefined, files);
    await settle();
    disk.cutPower();
    return shown(disk, "/f");
  });
  expect([...found].sort()).toEqual(["1", "2"]);
});
