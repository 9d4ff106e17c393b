import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { dueExport } from "../../../../src/core/coordinator/exports/audit-export-plan.ts";
import { AuditExporter } from "../../../../src/core/coordinator/exports/audit-exporter.ts";
import { auditExportOf } from "../../../../src/core/fleet/audit/audit.ts";
import { newKeyText, type OperatorKeys, parseOperatorKeys } from "../../../../src/core/seal/operator-keys.ts";
import { openEntries } from "../../../../src/core/seal/sealed-entries.ts";
import { InternalErrors } from "../../../../src/core/wire/server/internal-errors.ts";
import { makeFolder } from "../../../make-folder.ts";
import { hostileTexts, UNSAFE } from "../../base/hostile-text.ts";
import { exported, Replica, register } from "../../fleet/replica.ts";

const NAME = "audit-0000000000000001-0000000000000003.jsonl";

let directory: string;
beforeEach(async () => {
  directory = join(await makeFolder(), "audit");
});
afterEach(() => rm(join(directory, ".."), { recursive: true }));

const audited = (count: number): Replica =>
  new Replica().applyAll(Array.from({ length: count }, (_, at) => register(`s${at + 1}`)));

interface Differs {
  readonly note?: () => Promise<unknown>;
  readonly leads?: () => boolean;
  readonly keys?: OperatorKeys;
}

function exporter(replica: Replica, differs: Differs = {}) {
  const note = vi.fn(differs.note ?? (async (through: number) => replica.apply(exported(through))));
  const log = { info: vi.fn(), warn: vi.fn(), error: vi.fn() };
  const errors = new InternalErrors("coordinator n1", log);
  const made = new AuditExporter({
    directory,
    entriesPerFile: 3,
    mayExport: differs.leads ?? (() => true),
    view: () => replica.state,
    keys: async () => differs.keys ?? null,
    note,
    timers: { every: () => () => undefined },
    ...{ errors, log },
  });
  return { made, note, log, errors };
}

const files = () => readdir(directory).catch(() => []);
const through = (replica: Replica) => auditExportOf(replica.state).throughIndex;

test.each([
  { entries: 2, due: null, why: "fewer than a file wait" },
  { entries: 3, due: NAME, why: "a file is full" },
  { entries: 7, due: NAME, why: "the oldest first, and never more than a file" },
])("$entries entries: $why", ({ entries, due }) => {
  expect(dueExport(audited(entries).state, 3)?.name ?? null).toBe(due);
});

test("a reason of any text is a printable line that parses to it", () => {
  const reasons = hostileTexts(71, 30);
  const replica = new Replica();
  for (const [at, reason] of reasons.entries()) replica.apply(register(`s${at + 1}`), { reason });
  const content = dueExport(replica.state, 30)?.content;
  const text = new TextDecoder().decode(content);
  expect(text).not.toMatch(UNSAFE);
  const lines = text.trimEnd().split("\n");
  expect(lines.map((line) => JSON.parse(line).reason)).toEqual(reasons);
});

test("files are written one after another, each noted once it is durable", async () => {
  const replica = audited(7);
  const { made, note } = exporter(replica, {
    note: async () => {
      const [newest = ""] = (await files()).toReversed();
      replica.apply(exported(Number(/-0*(\d+)\.jsonl$/.exec(newest)?.[1])));
    },
  });
  made.look();
  await expect.poll(() => through(replica)).toBe(6);
  expect(note.mock.calls).toEqual([[3], [6]]);
  expect(await files()).toEqual([NAME, "audit-0000000000000004-0000000000000006.jsonl"]);
  const lines = (await readFile(join(directory, NAME), "utf8")).trimEnd().split("\n");
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { kind: "AuditEntry", index: "1", actor: "fleet://admin", at: "1970-01-01T00:00:01.000Z" },
    { index: "2" },
    { index: "3", what: "register shard s3 at s3:1 in epoch 1", reason: "test" },
  ]);
});

test("with a key the file is sealed; it opens with that key, and one that is there is compared by what is in it", async () => {
  const replica = audited(3);
  const keys = parseOperatorKeys(newKeyText(), "a test");
  // The note is lost: the next look finds the file.
  const { made, note } = exporter(replica, { keys, note: async () => undefined });
  made.look();
  await expect.poll(() => note.mock.calls.length).toBe(1);
  expect(await files()).toEqual([`${NAME}.sealed`]);
  const sealed = await readFile(join(directory, `${NAME}.sealed`));
  expect(sealed.includes("register")).toBe(false);
  const opened = await openEntries(sealed, keys, NAME);
  const content = typeof opened === "string" ? new Uint8Array() : opened.content;
  expect(Buffer.from(content)).toEqual(Buffer.from(dueExport(replica.state, 3)?.content ?? ""));
  const again = exporter(replica, { keys });
  again.made.look();
  await expect.poll(() => through(replica)).toBe(3);
  expect(await readFile(join(directory, `${NAME}.sealed`))).toEqual(sealed);
  await expect(openEntries(sealed, null, NAME)).rejects.toMatchObject({ code: "ENCRYPTION_KEY_NEEDED" });
  sealed.writeUInt8(sealed.readUInt8(sealed.length - 20) ^ 1, sealed.length - 20);
  expect(await openEntries(sealed, keys, NAME)).toEqual(expect.stringContaining("was changed"));
});

test("a follower exports nothing", async () => {
  const { made, note } = exporter(audited(7), { leads: () => false });
  made.look();
  expect(await files()).toEqual([]);
  expect(note).not.toHaveBeenCalled();
});

test("an export whose note was lost is recognised and noted again", async () => {
  const replica = audited(3);
  const lost = exporter(replica, { note: async () => ({ ok: false }) });
  lost.made.look();
  await expect.poll(() => lost.note.mock.calls.length).toBe(1);
  const before = await readFile(join(directory, NAME));
  const again = exporter(replica);
  again.made.look();
  await expect.poll(() => through(replica)).toBe(3);
  expect(await readFile(join(directory, NAME))).toEqual(before);
});

test("a file that an older build wrote in other words is the same export", async () => {
  const replica = audited(3);
  const lost = exporter(replica, { note: async () => ({ ok: false }) });
  lost.made.look();
  await expect.poll(() => lost.note.mock.calls.length).toBe(1);
  const reworded = (await readFile(join(directory, NAME), "utf8")).replaceAll("register shard", "shard");
  await writeFile(join(directory, NAME), reworded);
  exporter(replica).made.look();
  await expect.poll(() => through(replica)).toBe(3);
  expect(await readFile(join(directory, NAME), "utf8")).toBe(reworded);
});

test("a file that holds something else is not overwritten, and nothing is noted", async () => {
  const replica = audited(3);
  const first = exporter(replica, { note: async () => undefined });
  first.made.look();
  await expect.poll(() => first.note.mock.calls.length).toBe(1);
  await writeFile(join(directory, NAME), "an operator's own");
  const { made, note, log } = exporter(replica);
  made.look();
  await expect.poll(() => log.warn.mock.calls.length).toBe(1);
  expect(note).not.toHaveBeenCalled();
  expect(await readFile(join(directory, NAME), "utf8")).toBe("an operator's own");
  expect(through(replica)).toBe(0);
});

test.each([
  { thrown: new TypeError("a bug"), noted: 1, why: "a bug is noted once with its stack" },
  { thrown: new Error("no quorum"), noted: 0, why: "a note that fails is no bug" },
])("$why", async ({ thrown, noted }) => {
  const failing = async () => {
    throw thrown;
  };
  const { made, note, log, errors } = exporter(audited(3), { note: failing });
  for (const times of [1, 2]) {
    made.look();
    await expect.poll(() => note.mock.calls.length).toBe(times);
    await new Promise(setImmediate);
  }
  expect(log.warn).toHaveBeenCalledTimes(1);
  expect(errors.count).toBe(noted);
});
