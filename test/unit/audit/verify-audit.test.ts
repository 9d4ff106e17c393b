// Whatever is done to an export, verifying it says so, and where. The files are real, on a disk.

import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { auditHead, verifyAudit } from "../../../src/client/audit/verify-audit.ts";
import { exportLine, readExportLine } from "../../../src/core/audit/export-line.ts";
import { SeededPrng } from "../../../src/core/base/prng.ts";
import { auditExportOf } from "../../../src/core/fleet/audit/audit.ts";
import { chainHead, recomputedHash as rehashed } from "../../../src/core/fleet/audit/audit-chain.ts";
import { AUDIT_ENTRIES_MAX } from "../../../src/core/fleet/limits.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import { exported, type Replica, register } from "../fleet/replica.ts";
import { fleetOf } from "./fleet-of.ts";
import { type Sample, sample } from "./samples.ts";

let folder: string;
beforeEach(async () => {
  folder = await temporaryFolder();
});

async function written(files: ReadonlyMap<string, string>): Promise<string> {
  await rm(folder, { recursive: true });
  await mkdir(folder);
  for (const [name, text] of files) await writeFile(join(folder, name), text);
  return folder;
}

interface Wanted {
  readonly fleet?: Replica;
  readonly head?: string;
  readonly after?: string;
}

const verified = async (files: ReadonlyMap<string, string>, { fleet, ...wanted }: Wanted = {}) =>
  await verifyAudit({
    paths: [await written(files)],
    fleet: fleet === undefined ? null : fleetOf(fleet),
    ...wanted,
  });

/** "altered 5", with the index. */
const problems = async (files: ReadonlyMap<string, string>, wanted: Wanted = {}) =>
  (await verified(files, wanted)).findings.map(({ problem, index }) => `${problem} ${index ?? "-"}`);

function edited({ files }: Sample, edit: (lines: string[]) => void): Map<string, string> {
  const [name = ""] = files.keys();
  const lines = (files.get(name) ?? "").trimEnd().split("\n");
  edit(lines);
  return new Map([...files, [name, lines.map((line) => `${line}\n`).join("")]]);
}

const without = ({ files }: Sample, at: number) => new Map([...files].filter((_, number) => number !== at));

describe("an export", () => {
  const whole = sample(12, 4);

  test("as it was written is whole, and ends with the fleet's head", async () => {
    const report = await verified(whole.files, {
      fleet: whole.replica,
      head: chainHead(whole.replica.state),
    });
    expect(report).toMatchObject({ isWhole: true, problems: 0, findings: [] });
    expect(report.export).toMatchObject({ files: 3, entries: 12, unchained: 0, before: "" });
    expect(report.export?.head).toEqual(report.fleet?.head);
    expect(report.noted?.index).toBe(report.fleet?.head?.index);
  });

  test("entries from before the chain are told apart, and nothing is said of them", async () => {
    const { files, replica } = sample(6, 5, 4);
    const report = await verified(files, { fleet: replica });
    expect(report).toMatchObject({ isWhole: true, export: { entries: 10, unchained: 4 } });
  });

  test.each([
    {
      why: "a reason is changed",
      edit: (lines: string[]) =>
        lines.splice(2, 1, (lines[2] ?? "").replace('"reason":"test"', '"reason":"tesu"')),
      found: ["altered 3"],
    },
    {
      why: "an actor is changed and its hash made anew",
      edit: (lines: string[]) => lines.splice(1, 1, forged(lines[1] ?? "")),
      found: ["missing 3"],
    },
    { why: "a line is removed", edit: (lines: string[]) => lines.splice(1, 1), found: ["missing 3"] },
    {
      why: "the first is removed",
      edit: (lines: string[]) => lines.shift(),
      found: ["truncated-file -", "truncated-head 2"],
    },
    {
      why: "the last is removed",
      edit: (lines: string[]) => lines.pop(),
      found: ["truncated-file -", "missing 5"],
    },
    {
      why: "two are swapped",
      edit: (lines: string[]) => lines.push(...lines.splice(2, 1)),
      found: ["reordered 3", "truncated-file -"],
    },
    {
      why: "one is there twice",
      edit: (lines: string[]) => lines.splice(2, 0, lines[1] ?? ""),
      found: ["reordered 2"],
    },
    {
      why: "a line is no entry",
      edit: (lines: string[]) => lines.splice(2, 0, "{}"),
      found: ["malformed -"],
    },
    {
      why: "the hashes are taken away",
      edit: (lines: string[]) => lines.splice(0, lines.length, ...lines.map(unhashed)),
      // The next file's first entry says that it has some before it.
      found: ["truncated-head 5"],
    },
    {
      why: "one hash is taken away",
      edit: (lines: string[]) => lines.splice(2, 1, unhashed(lines[2] ?? "")),
      found: ["unchained 3", "missing 4"],
    },
  ])("where $why is broken", async ({ edit, found }) => {
    const files = edited(whole, edit);
    expect((await problems(files)).sort()).toEqual(found.sort());
    expect(await problems(files, { fleet: whole.replica })).not.toEqual([]);
  });

  test("without a file is broken where the file was", async () => {
    expect(await problems(without(whole, 0))).toEqual(["truncated-head 5"]);
    expect(await problems(without(whole, 1))).toEqual(["missing 9"]);
    // Nothing in the rest says that there was more: the fleet, or a noted head, does.
    expect(await problems(without(whole, 2))).toEqual([]);
    expect(await problems(without(whole, 2), { head: chainHead(whole.replica.state) })).toEqual([
      "head-unknown -",
    ]);
  });

  test("whose beginning is kept elsewhere is whole behind the hash that it ends with", async () => {
    const [first = ""] = whole.files.values();
    const last = readExportLine(first.trimEnd().split("\n").at(-1) ?? "");
    expect(await problems(without(whole, 0), { after: last?.entry.hash ?? "" })).toEqual([]);
    expect(await problems(without(whole, 0), { after: "0".repeat(64) })).toEqual(["truncated-head 5"]);
  });

  test("spliced of two fleets' exports is broken where they meet, in either order of the files", async () => {
    const [one, other] = [[...whole.files], [...sample(12, 4, 1).files]];
    const spliced = [...one.slice(0, 1), ...other.slice(1)];
    expect(await problems(new Map(spliced))).toEqual(["missing 5"]);
    expect(await problems(new Map(spliced.toReversed()))).toEqual(["missing 5"]);
    expect(await problems(new Map([...other.slice(0, 1), ...one.slice(1)]))).not.toEqual([]);
  });

  test("of another fleet is whole in itself, and not this fleet's, whichever end is compared", async () => {
    const other = sample(12, 4, 1);
    expect(await problems(other.files)).toEqual([]);
    const found = await problems(other.files, { fleet: whole.replica });
    expect(found.every((problem) => /^(forked|ahead)/.test(problem))).toBe(true);
    expect(found.length).toBeGreaterThan(4);
    expect(await problems(other.files, { head: chainHead(whole.replica.state) })).toEqual(["head-unknown -"]);
  });

  test("that two leaders wrote in part is one chain", async () => {
    const other = new Map([...whole.files].slice(0, 1).map(([name, text]) => [`copy-of-${name}`, text]));
    const paths = [await written(new Map([...whole.files, ...other]))];
    for (const name of other.keys()) paths.push(join(folder, name));
    const report = await verifyAudit({ paths, fleet: null });
    expect(report).toMatchObject({ isWhole: true, export: { files: 4, entries: 12 } });
  });

  test("in an older build's words is whole, and that is said", async () => {
    const files = edited(whole, (lines) =>
      lines.splice(0, lines.length, ...lines.map((line) => line.replace("register shard", "shard"))),
    );
    expect(await verified(files)).toMatchObject({ isWhole: true, export: { reworded: 3 } });
  });

  test("that is cut off within its last line is broken", async () => {
    const [name = "", text = ""] = [...whole.files].at(-1) ?? [];
    const files = new Map([...whole.files, [name, text.slice(0, -10)]]);
    expect((await problems(files)).sort()).toEqual(["malformed -", "truncated-file -"]);
    const unended = new Map([...whole.files, [name, text.slice(0, -1)]]);
    expect((await problems(unended)).sort()).toEqual(["malformed -", "truncated-file -"]);
  });
});

test("any single change, removal, swap or insertion in an export is found", async () => {
  const { files } = sample(8, 8);
  const [[name, text] = ["", ""]] = files;
  const random = new SeededPrng(2930);
  for (let round = 0; round < 400; round += 1) {
    const lines = text.trimEnd().split("\n");
    const [at, other] = [random.below(lines.length), random.below(lines.length)];
    const line = lines[at] ?? "";
    const kind = random.below(4);
    if (kind === 0) lines.splice(at, 1);
    else if (kind === 1) lines.splice(other, 0, line);
    else if (kind === 2 && at !== other) [lines[at], lines[other]] = [lines[other] ?? "", line];
    else lines[at] = changedAt(line, random.below(line.length), random);
    const report = await verified(new Map([[name, lines.map((each) => `${each}\n`).join("")]]));
    const isFound = !report.isWhole || (report.export?.reworded ?? 0) > 0;
    if (!isFound) expect(lines, `round ${round} was not found`).toEqual(text.trimEnd().split("\n"));
  }
});

describe("the fleet's table", () => {
  test("is whole from what was trimmed to its head", async () => {
    const { replica } = sample(AUDIT_ENTRIES_MAX + 50, AUDIT_ENTRIES_MAX);
    const report = await verifyAudit({ paths: [], fleet: fleetOf(replica) });
    expect(report).toMatchObject({ isWhole: true, fleet: { entries: AUDIT_ENTRIES_MAX } });
    expect(report.fleet?.before).toBe(auditExportOf(replica.state).trimmedHash);
    expect(await auditHead(fleetOf(replica))).toEqual(report.fleet?.head);
  });

  test("that continues an export whose entries it has trimmed is told so, and where it does not", async () => {
    const { replica, files } = sample(AUDIT_ENTRIES_MAX + 50, 25);
    const old = new Map([...files].slice(0, 2));
    expect(await problems(old, { fleet: replica })).toEqual([]);
    expect(await problems(new Map([...files].slice(0, 1)), { fleet: replica })).toEqual(["missing 51"]);
  });

  test("that has another entry than the export is forked there", async () => {
    const [one, other] = [sample(6, 6), sample(4, 4)];
    other.replica.apply(register("another"));
    other.replica.apply(register("history"));
    // Notes of exports take an index of their own.
    const found = await problems(one.files, { fleet: other.replica });
    expect(found).toContain("forked 5");
  });

  test("that was restored from before is behind the export", async () => {
    expect(await problems(sample(6, 6).files, { fleet: sample(4, 4).replica })).toEqual(["ahead 5"]);
  });

  test("of a replica that rewrote it all is whole in itself, and another than was noted", async () => {
    const [real, forged] = [sample(6, 10), sample(7, 10)];
    const noted = chainHead(real.replica.state);
    forged.replica.apply(exported(1));
    const report = await verifyAudit({ paths: [], fleet: fleetOf(forged.replica), head: noted });
    expect(report.noted?.index).toBe(6);
    const other = sample(6, 10, 1);
    const rewritten = await verifyAudit({ paths: [], fleet: fleetOf(other.replica), head: noted });
    expect(rewritten.findings.map(({ problem }) => problem)).toEqual(["head-unknown"]);
  });
});

test.each([
  { path: "nothing-here", code: "AUDIT_EXPORT_UNREADABLE" },
  { path: "", code: "AUDIT_EXPORT_MISSING" },
])("$code", async ({ path, code }) => {
  await expect(verifyAudit({ paths: [join(folder, path)], fleet: null })).rejects.toMatchObject({ code });
});

/** As an attacker would who knows how hashes are made. */
function forged(line: string): string {
  const read = readExportLine(line);
  if (read === null) throw new Error("a sample is an export");
  const entry = { ...read.entry, actor: "fleet://other" };
  return exportLine({ ...read, entry: { ...entry, hash: rehashed(read.previous, entry) } });
}

function unhashed(line: string): string {
  const read = readExportLine(line);
  if (read === null) throw new Error("a sample is an export");
  return exportLine({ entry: { ...read.entry, hash: "", operation: "", metadata: {} }, previous: "" });
}

/** Another character in its place, none, or one more. */
function changedAt(line: string, at: number, random: SeededPrng): string {
  const character = String.fromCharCode(32 + random.below(95));
  const kept = random.below(2) === 0 ? at + 1 : at;
  return line.slice(0, at) + character + line.slice(kept);
}
