// Logs of several processes as one, read from real files.
import { appendFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import type { LocalFleet } from "../../../../src/client/files/local-fleet.ts";
import { type LogSelection, openLogs } from "../../../../src/client/logs/fleet-logs.ts";
import type { LogLine } from "../../../../src/client/logs/log-line.ts";
import { temporaryFolder } from "../../../temporary-folder.ts";
import { turns } from "../../../turns.ts";

let folder: string;
beforeEach(async () => {
  folder = await temporaryFolder();
});

const path = (name: string) => join(folder, `${name}.log`);
const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();
const line = (second: number, msg: string, level = "info", fields = {}) =>
  `${JSON.stringify({ level, time: at(second), msg, ...fields })}\n`;

const fleet = (...names: string[]) =>
  ({
    directory: folder,
    processes: names.map((name) => ({ name, files: { log: path(name) } })),
  }) as unknown as LocalFleet;

const all: LogSelection = { names: [], level: "debug", since: null, linesMax: 100, isFollowed: false };
const facts = (lines: readonly LogLine[]) => lines.map(({ process, fact }) => `${process}: ${fact}`);

test("lines of all processes are merged by time", async () => {
  await writeFile(path("n1"), line(1, "starts") + line(5, "leads"));
  await writeFile(path("n2"), line(2, "starts") + line(3, "follows"));
  const { lines } = await openLogs(fleet("n1", "n2"), all);
  expect(facts(lines)).toEqual(["n1: starts", "n2: starts", "n2: follows", "n1: leads"]);
});

test("a crash's text stays behind the line before it, at every level", async () => {
  await writeFile(path("n1"), `${line(1, "starts")}FATAL ERROR: heap\n    at x\n${line(9, "starts again")}`);
  await writeFile(path("n2"), line(5, "n1 is gone", "warn"));
  const { lines } = await openLogs(fleet("n1", "n2"), { ...all, level: "warn" });
  expect(facts(lines)).toEqual(["n1: FATAL ERROR: heap", "n1:     at x", "n2: n1 is gone"]);
});

test("the newest lines of all are shown, and none before --since", async () => {
  await writeFile(path("n1"), [1, 2, 3, 4].map((second) => line(second, `a${second}`)).join(""));
  await writeFile(path("n2"), [1, 2, 3, 4].map((second) => line(second, `b${second}`)).join(""));
  const newest = await openLogs(fleet("n1", "n2"), { ...all, linesMax: 3 });
  expect(facts(newest.lines)).toEqual(["n2: b3", "n1: a4", "n2: b4"]);
  const since = await openLogs(fleet("n1", "n2"), { ...all, names: ["n1"], since: at(3) });
  expect(facts(since.lines)).toEqual(["n1: a3", "n1: a4"]);
  const none = await openLogs(fleet("n1", "n2"), { ...all, linesMax: 0 });
  expect(none.lines).toEqual([]);
});

test("a file longer than one read, with lines longer than one read, has every line once", async () => {
  const long = "x".repeat(100_000);
  const lines = Array.from({ length: 3000 }, (_, at) =>
    line(at % 60, `l${at}`, "info", at === 1500 ? { long } : {}),
  );
  await writeFile(path("n1"), lines.join(""));
  const logs = await openLogs(fleet("n1"), { ...all, linesMax: 100_000 });
  expect(new Set(logs.lines.map(({ fact }) => fact)).size).toBe(3000);
  expect(logs.lines.find(({ fact }) => fact === "l1500")?.fields["long"]).toBe(long);
});

test("a process without a log has no lines, and an unknown one is refused", async () => {
  expect((await openLogs(fleet("n1"), all)).lines).toEqual([]);
  await expect(openLogs(fleet("n1"), { ...all, names: ["n7"] })).rejects.toMatchObject({
    code: "PROCESS_UNKNOWN",
  });
});

test("following shows each later line once, a cut line when it is whole, and a truncated file from its beginning", async () => {
  await writeFile(path("n1"), `${line(1, "old")}${line(2, "cut").slice(0, 20)}`);
  const logs = await openLogs(fleet("n1", "n2"), { ...all, isFollowed: true });
  expect(facts(logs.lines)).toEqual(["n1: old"]);
  const steps = [
    () => appendFile(path("n1"), line(2, "cut").slice(20)),
    () => writeFile(path("n2"), line(3, "a new file")),
    () => truncate(path("n1"), 0),
    () => appendFile(path("n1"), line(4, "fresh")),
  ];
  const seen: string[] = [];
  // Every pause does the next step, so that the test never waits.
  const news = logs.follow(async () => await steps.shift()?.());
  const turn = turns("three lines", 100);
  while (seen.length < 3) {
    turn();
    seen.push(...facts((await news.next()).value ?? []));
  }
  await news.return(undefined);
  expect(seen).toEqual(["n1: cut", "n2: a new file", "n1: fresh"]);
});
