// A bundle reads back as it was, overwrites nothing, and one from elsewhere can only be refused.
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { parseBundle, writeBundle } from "../../../../src/client/bundle/bundle-file.ts";
import type { Bundle } from "../../../../src/client/bundle/section.ts";
import { OperatorError } from "../../../../src/core/base/errors.ts";
import { temporaryFolder } from "../../../temporary-folder.ts";
import { failureOf } from "../local/fakes.ts";

const bundle: Bundle = {
  head: {
    ...{ at: "2026-01-01T00:00:00.000Z", version: "0.1.0", anonymized: false },
    target: { name: "prod", endpoints: ["a:1"] },
  },
  sections: [
    { section: "status", value: { nodes: [], leader: undefined } },
    { section: "list", name: "listShards", value: { shards: [{ shard: { shardId: "s1" } }], more: false } },
    { section: "report", command: "doctor", value: { findings: [] } },
    { section: "log", process: "n1", lines: ["\u001B[2J{}", "b"] },
    { section: "text", name: "metrics/n1", text: "a 1\nb 2\n" },
    { section: "missing", what: "logs", why: "they are elsewhere" },
  ],
};

const HEAD = JSON.stringify({ kind: "FleetBundle", schemaVersion: 1, ...bundle.head });
const file = (...lines: string[]) => gzipSync(lines.join("\n"));

test("what was written is read, and only its owner may read it", async () => {
  const path = join(await temporaryFolder(), "a.bundle");
  const bytes = await writeBundle(path, bundle);
  const written = await readFile(path);
  expect(written.length).toBe(bytes);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await parseBundle(path, written)).toStrictEqual(bundle);
});

test("a file that is there is left alone", async () => {
  const path = join(await temporaryFolder(), "a.bundle");
  await writeFile(path, "kept");
  expect(await failureOf(writeBundle(path, bundle))).toMatchObject({ code: "BUNDLE_NOT_WRITTEN" });
  expect(await readFile(path, "utf8")).toBe("kept");
});

test.each([
  { bytes: Buffer.from([0x1f, 0x8b, 0, 0]), why: "no gzip" },
  { bytes: gzipSync(Buffer.alloc(257 * 1024 * 1024)), why: "a bomb: 250 KB that unpack to 257 MB" },
  { bytes: Buffer.alloc(64 * 1024 * 1024 + 1, 0x1f), why: "a file that is too large" },
  { bytes: file("{}"), why: "other JSON" },
  { bytes: file(HEAD, `[${"[],".repeat(5_000_001)}[]]`), why: "a bomb: 50 KB whose lists take 0.4 GB" },
  { bytes: file(HEAD.replace(":1", ":2")), why: "a later version" },
  { bytes: file(HEAD, ...new Array<string>(1_001).fill("{}")), why: "too many sections" },
  { bytes: file(`${HEAD.slice(0, -1)},"target":7}`), why: "a target that is none" },
])("refused: $why", async ({ bytes }) => {
  expect(await failureOf(parseBundle("f", bytes))).toMatchObject({ code: "ARCHIVE_INVALID", exit: 2 });
});

test("sections that are unknown or wrong are skipped, and the others are read", async () => {
  const deep = `{"section":"status","value":${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
  const bytes = file(
    HEAD,
    '{"section":"later","value":{}}',
    '{"section":"list","name":"toString","value":{}}',
    '{"section":"list","name":"__proto__","value":{}}',
    '{"section":"log","process":"n1","lines":[1]}',
    "[",
    deep,
    '{"section":"text","name":"a","text":"b"}',
  );
  const { sections } = await parseBundle("f", bytes);
  expect(sections.filter(({ section }) => section !== "status")).toEqual([
    { section: "text", name: "a", text: "b" },
  ]);
});

test("a file with any one byte changed is read or refused, and nothing else", async () => {
  const path = join(await temporaryFolder(), "a.bundle");
  await writeBundle(path, bundle);
  const whole = await readFile(path);
  for (const at of whole.keys()) {
    const changed = Buffer.from(whole);
    changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
    const read = await parseBundle(path, changed).catch((error: unknown) => error);
    if (read instanceof Error) expect(read).toBeInstanceOf(OperatorError);
  }
});
