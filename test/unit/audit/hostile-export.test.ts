// What an attacker does to exports and to a table so that verifying them says too little, crashes or hangs.

import { execFileSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { verifyAudit } from "../../../src/client/audit/verify-audit.ts";
import { exportLine, readExportLine } from "../../../src/core/audit/export-line.ts";
import { present } from "../../../src/core/base/assert.ts";
import { AUDIT_ENTRIES_MAX } from "../../../src/core/fleet/limits.ts";
import type { AuditEntry } from "../../../src/core/wire/gen/fleet/v1/command.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import { type Replica, register } from "../fleet/replica.ts";
import { fleetOf } from "./fleet-of.ts";
import { sample } from "./samples.ts";

let folder: string;
beforeEach(async () => {
  folder = await temporaryFolder();
});

interface Wanted {
  readonly fleet?: Pick<ReturnType<typeof fleetOf>, "listAudit">;
  readonly after?: string;
}

/** What is found in one file with this content. */
async function found(content: string | Uint8Array, { fleet, after }: Wanted = {}) {
  const path = join(folder, "kept.jsonl");
  await writeFile(path, content);
  const report = await verifyAudit({ paths: [path], fleet: fleet ?? null, after });
  return report.findings.map(({ problem, index }) => `${problem} ${index ?? "-"}`);
}

const linesOf = ({ files }: ReturnType<typeof sample>) => [...files.values()].join("").trimEnd().split("\n");
const ended = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join("");
const read = (line: string | undefined) => present(readExportLine(line ?? ""), "a sample is an export");

function unhashed({ entry }: { entry: AuditEntry }): string {
  return exportLine({ entry: { ...entry, hash: "", operation: "", metadata: {} }, previous: "" });
}

/** The fleet's answer, changed. */
function lying(replica: Replica, change: (entries: AuditEntry[]) => AuditEntry[]) {
  return {
    listAudit: async (options?: { readonly newest?: boolean; readonly rowsMax?: number }) => {
      const listed = await fleetOf(replica).listAudit(options);
      return { ...listed, entries: change(listed.entries) };
    },
  };
}

describe("hashes that were taken away", () => {
  test("of a whole table that was trimmed", async () => {
    const { replica } = sample(AUDIT_ENTRIES_MAX + 5, AUDIT_ENTRIES_MAX);
    const fleet = lying(replica, (entries) => entries.map((entry) => ({ ...entry, hash: "" })));
    const report = await verifyAudit({ paths: [], fleet });
    expect(report.problems).toBe(AUDIT_ENTRIES_MAX);
    expect(report.findings[0]).toMatchObject({ problem: "unchained" });
  });

  test("of all entries of an export that follows a noted hash", async () => {
    const lines = linesOf(sample(8, 4));
    const after = read(lines[3]).entry.hash;
    expect(await found(ended(lines.slice(4)), { after })).toEqual([]);
    const bare = lines.slice(4).map((line) => unhashed(read(line)));
    expect(await found(ended(bare), { after })).toEqual([5, 6, 7, 8].map((index) => `unchained ${index}`));
  });

  test("of forged entries in front of the first chained one", async () => {
    const lines = linesOf(sample(4, 4));
    const after = read(lines[1]).entry.hash;
    const forged = lines.slice(0, 2).map((line) => unhashed(read(line)));
    expect(await found(ended([...forged, ...lines.slice(2)]), { after })).toEqual([
      "unchained 1",
      "unchained 2",
    ]);
  });
});

describe("a fleet that trimmed nothing", () => {
  test("has no entry before its oldest: what an export has there was removed", async () => {
    const { replica, files } = sample(6, 6);
    const fleet = lying(replica, (entries) => entries.slice(2));
    expect(await found([...files.values()].join(""), { fleet })).toEqual(
      expect.arrayContaining(["forked 1", "forked 2"]),
    );
  });

  test("nor one without a hash", async () => {
    const { replica, files } = sample(4, 6, 2);
    const fleet = lying(replica, (entries) => entries.slice(2));
    expect(await found([...files.values()].join(""), { fleet })).toEqual(["forked 1", "forked 2"]);
  });
});

describe("where nothing was checked, it is no whole chain:", () => {
  test.each(["", "two"])("an empty file %s", async (second) => {
    const paths = [join(folder, "a.jsonl"), ...(second === "" ? [] : [join(folder, "b.jsonl")])];
    for (const path of paths) await writeFile(path, "");
    const verified = verifyAudit({ paths, fleet: fleetOf(sample(3, 9).replica) });
    await expect(verified).rejects.toMatchObject({ code: "AUDIT_EXPORT_EMPTY", parts: { exit: 3 } });
  });

  test("a fleet without entries", async () => {
    const fleet = lying(sample(3, 9).replica, () => []);
    await expect(verifyAudit({ paths: [], fleet })).rejects.toMatchObject({ code: "AUDIT_EXPORT_EMPTY" });
  });

  test("a fleet without entries that trimmed some is broken", async () => {
    const fleet = lying(sample(AUDIT_ENTRIES_MAX + 5, AUDIT_ENTRIES_MAX).replica, () => []);
    const { findings } = await verifyAudit({ paths: [], fleet });
    expect(findings.map(({ problem }) => problem)).toEqual(["missing"]);
  });
});

describe("bytes that were changed, although the entry stays the same:", () => {
  const { replica } = sample(2, 9);
  replica.apply(register("odd"), { atMs: 5_000, reason: "odd \ufffd reason" });
  const fleet = fleetOf(replica);

  async function odd(): Promise<string> {
    const { entries } = await fleet.listAudit();
    let previous = "";
    const lines = entries.map((entry) => {
      const line = exportLine({ entry, previous });
      previous = entry.hash;
      return line;
    });
    return ended(lines);
  }

  test("nothing is changed yet", async () => {
    expect(await found(await odd())).toEqual([]);
  });

  test.each([
    { why: "a mark of the byte order in front", change: (text: string) => Buffer.from(`\ufeff${text}`) },
    {
      why: "the keys of facts in another order",
      change: (text: string) =>
        Buffer.from(text.replace(/"metadata":\{("address":"[^"]*"),("epoch":"[^"]*")/, '"metadata":{$2,$1')),
    },
    {
      why: "a byte that is no UTF-8",
      change: (text: string) => Buffer.from(text.replace("\ufffd", "\u00ff"), "latin1"),
    },
    { why: "half a pair", change: (text: string) => Buffer.from(text.replace("\ufffd", "\\ud800")) },
    { why: "another escape", change: (text: string) => Buffer.from(text.replace("odd ", "\\u006fdd ")) },
    { why: "a carriage return", change: (text: string) => Buffer.from(text.replaceAll("\n", "\r\n")) },
  ])("$why", async ({ change }) => {
    const text = await odd();
    const changed = change(text);
    expect(changed.equals(Buffer.from(text))).toBe(false);
    expect(await found(changed)).toContain("malformed -");
  });
});

describe("a table that changes while it is read", () => {
  test("is read after the files, so that it has what they have", async () => {
    const { replica, files } = sample(8, 4);
    let isRead = false;
    const fleet = {
      listAudit: async () => {
        isRead = true;
        return await fleetOf(replica).listAudit();
      },
    };
    await expect(verifyAudit({ paths: [join(folder, "none")], fleet })).rejects.toMatchObject({
      code: "AUDIT_EXPORT_UNREADABLE",
    });
    expect(isRead).toBe(false);
    expect(await found([...files.values()].join(""), { fleet })).toEqual([]);
  });

  test("is read again when all of the first page was trimmed in between, a bounded number of times", async () => {
    const { replica } = sample(AUDIT_ENTRIES_MAX + 5, 5);
    let [times, torn] = [0, 2];
    const fleet = {
      listAudit: async () => {
        times += 1;
        const listed = await fleetOf(replica).listAudit();
        // The first page is older than what is trimmed by now, and the second does not follow it.
        const old = listed.entries.slice(0, 10);
        const state = listed.export && { ...listed.export, trimmedHash: listed.entries[19]?.hash ?? "" };
        const isTorn = times <= torn;
        return isTorn ? { ...listed, entries: [...old, ...listed.entries.slice(20)], export: state } : listed;
      },
    };
    expect((await verifyAudit({ paths: [], fleet })).findings).toEqual([]);
    expect(times).toBe(3);
    [times, torn] = [0, Number.POSITIVE_INFINITY];
    expect((await verifyAudit({ paths: [], fleet })).isWhole).toBe(false);
    expect(times).toBeLessThan(10);
  });
});

describe("what is no line of an export, and no crash:", () => {
  const [line = ""] = linesOf(sample(1, 1));

  test.each([
    { why: "200 000 brackets", text: `{"a":${"[".repeat(200_000)}${"]".repeat(200_000)}}` },
    { why: "a moment before 1970", text: line.replace(/"at":"[^"]*"/, '"at":"1960-01-01T00:00:00.000Z"') },
    { why: "a line of megabytes", text: line.replace('"reason":"', `"reason":"${"a".repeat(3_000_000)}`) },
  ])("$why", async ({ text }) => {
    expect(await found(`${text}\n`)).toEqual(["malformed -"]);
  });

  test.each(["__proto__", "__defineGetter__", "constructor", "toString"])(
    "operation %s",
    async (operation) => {
      const text = line.replace(/"operation":"[^"]*"/, `"operation":"${operation}"`);
      expect(await found(`${text}\n`)).toEqual(["altered 1"]);
    },
  );

  test("a flood of empty lines: the rest of the file is not read, and that is said", async () => {
    const path = join(folder, "kept.jsonl");
    await writeFile(path, "\n".repeat(2_000_000));
    const report = await verifyAudit({ paths: [path], fleet: null });
    expect(report.problems).toBeLessThan(200);
    expect(report.findings.at(-1)?.found ?? "").toMatch(/rest/);
  });

  test("a pipe that nobody writes to, named like an export", async () => {
    const name = `audit-${"1".padStart(16, "0")}-${"2".padStart(16, "0")}.jsonl`;
    execFileSync("mkfifo", [join(folder, name)]);
    for (const paths of [[folder], [join(folder, name)]]) {
      const report = await verifyAudit({ paths, fleet: null });
      expect(report.findings[0]).toMatchObject({ problem: "malformed", expected: "a regular file" });
    }
  });

  test("a device", async () => {
    const report = await verifyAudit({ paths: ["/dev/zero"], fleet: null });
    expect(report.findings[0]).toMatchObject({ problem: "malformed", expected: "a regular file" });
  });
});
