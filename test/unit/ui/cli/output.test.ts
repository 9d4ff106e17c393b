// The rules that every command's output follows: colour, JSON, watch frames, and how arguments that cannot be parsed
// still tell the form of the error.

import { stripVTControlCharacters } from "node:util";
import { describe, expect, test } from "vitest";
import { paintFor, wantsColor } from "../../../../src/ui/cli/color.ts";
import { toContract } from "../../../../src/ui/cli/json.ts";
import { momentIn } from "../../../../src/ui/cli/moment.ts";
import { optionsFromArgv } from "../../../../src/ui/cli/output-flags.ts";
import { renderTable } from "../../../../src/ui/cli/render-table.ts";
import { repaint, repaintRows } from "../../../../src/ui/cli/repaint.ts";
import { ASCII, UNICODE } from "../../../../src/ui/model/symbols.ts";
import { nodeTable } from "../../../../src/ui/model/tables/node-table.ts";
import { downNode, upNode } from "../model/fixtures.ts";

describe("colour", () => {
  test.each([
    { refused: false, isTerminal: true, env: {}, colored: true, why: "a terminal" },
    { refused: true, isTerminal: true, env: {}, colored: false, why: "--no-color" },
    { refused: false, isTerminal: false, env: {}, colored: false, why: "a pipe" },
    { refused: false, isTerminal: true, env: { NO_COLOR: "1" }, colored: false, why: "NO_COLOR" },
    {
      refused: false,
      isTerminal: true,
      env: { NO_COLOR: "" },
      colored: true,
      why: "an empty NO_COLOR is none (no-color.org)",
    },
    {
      refused: false,
      isTerminal: true,
      env: { TERM: "dumb" },
      colored: false,
      why: "it would print the codes",
    },
  ])("$colored: $why", ({ colored, ...situation }) => expect(wantsColor(situation)).toBe(colored));

  test("a mark is a symbol, and a colour only where allowed", () => {
    const columns = nodeTable.columns.filter((column) => column.name === "state");
    const show = (colored: boolean, symbols = UNICODE) =>
      renderTable(columns, [upNode(1), downNode(2)], false, {
        paint: paintFor(colored),
        symbols,
        moment: momentIn(true),
      });
    expect(show(false)).toBe("● up\n✗ down");
    expect(show(false, ASCII)).toBe("+ up\nx down");
    expect(show(true)).toBe("\u001b[32m● up\u001b[39m\n\u001b[31m✗ down\u001b[39m");
  });

  test("control characters of others do not reach the terminal", () => {
    const column = { name: "reason", header: "REASON", value: (text: string) => text };
    const look = { paint: paintFor(false), symbols: UNICODE, moment: momentIn(true) };
    expect(renderTable([column], ["a\u001b[2Jb\nc"], false, look)).toBe("a\\u001b[2Jb\\nc");
  });
});

describe("the JSON contract", () => {
  test.each([
    {
      report: { index: 12, term: 3, lastIndex: 5 },
      shown: { index: "12", term: "3", lastIndex: "5" },
      why: "64-bit numbers are strings",
    },
    {
      report: { nodeId: 1, leaderId: 2, epoch: 3, version: 4 },
      shown: { nodeId: "1", leaderId: "2", epoch: "3", version: "4" },
      why: "ids and versions are 64-bit",
    },
    {
      report: { ageMs: 5, lateAfterMs: 30_000 },
      shown: { ageMs: "5", lateAfterMs: "30000" },
      why: "and some durations",
    },
    { report: { version: "0.1.0" }, shown: { version: "0.1.0" }, why: "a text stays" },
    {
      report: { sessions: 4, roundTripMs: 1.5 },
      shown: { sessions: 4, roundTripMs: 1.5 },
      why: "32-bit and measured numbers stay",
    },
    {
      report: { atMs: 0, sinceMs: 1, reportedAtMs: 2 },
      shown: {
        at: "1970-01-01T00:00:00.000Z",
        reportedAt: "1970-01-01T00:00:00.002Z",
        since: "1970-01-01T00:00:00.001Z",
      },
      why: "moments are RFC 3339 and lose their unit",
    },
    { report: { role: 4, drift: 3 }, shown: { role: "leader", drift: "double" }, why: "enums are words" },
    {
      report: { state: 2, liveness: 3, outcome: 0, table: 2 },
      shown: { state: "draining", liveness: "dead", outcome: "pending", table: "bindings" },
      why: "so are those of shards, instructions and watches",
    },
    {
      report: {
        plans: [
          { planId: "p", state: 4 },
          { planId: "p", state: 6 },
        ],
      },
      shown: {
        plans: [
          { planId: "p", state: "done" },
          { planId: "p", state: "rolled-back" },
        ],
      },
      why: "a plan's state is no shard's state",
    },
    {
      report: { clusterId: "c", planId: "p", state: 3 },
      shown: { clusterId: "c", planId: "p", state: "done" },
      why: "a step's state is no plan's state",
    },
    { report: { state: "probe" }, shown: { state: "probe" }, why: "a word stays" },
    {
      report: { leads: false, role: 3, member: { wanted: 2 } },
      shown: { leads: false, role: "voter", member: { wanted: "learner" } },
      why: "a member's role is no replica's role",
    },
    {
      report: { confirmedAtMs: 0, deficit: { cpu: 4 }, limit: 9, pendingInstructions: 1 },
      shown: { confirmedAt: null, deficit: { cpu: "4" }, limit: "9", pendingInstructions: 1 },
      why: "what has not come is null, and maps of 64-bit numbers are of strings",
    },
    {
      report: { sessionId: 1, lastSequence: 2, firstOutstanding: 2, unconfirmed: 1, lastUsedIndex: 3 },
      shown: {
        ...{ sessionId: "1", lastSequence: "2", firstOutstanding: "2" },
        ...{ unconfirmed: 1, lastUsedIndex: "3" },
      },
      why: "a client session has 64-bit numbers, and a small count",
    },
    {
      report: { declared: undefined, list: [{ b: 1, a: null }] },
      shown: { declared: null, list: [{ a: null, b: 1 }] },
      why: "an unknown value is null, its key stays",
    },
  ])("$why", ({ report, shown }) =>
    expect(toContract("Test", report)).toEqual({ kind: "Test", schemaVersion: 1, ...shown }),
  );

  test("keys are in order at every depth", () => {
    const text = JSON.stringify(toContract("Test", { z: { b: 1, a: [{ d: 1, c: 2 }] }, a: 1 }));
    expect(text).toBe('{"a":1,"kind":"Test","schemaVersion":1,"z":{"a":[{"c":2,"d":1}],"b":1}}');
  });
  test("a report cannot take the contract's reserved keys", () => {
    expect(() => toContract("Test", { kind: "mine" })).toThrow("reserved keys");
  });
});

describe("the form of an error before the flags are parsed", () => {
  test.each([
    { argv: ["--json"], env: {}, format: "json", why: "" },
    { argv: ["-o", "json"], env: {}, format: "json", why: "" },
    { argv: ["-ojson"], env: {}, format: "json", why: "" },
    { argv: ["--output=jsonl"], env: {}, format: "json", why: "" },
    { argv: ["--", "--json"], env: {}, format: "table", why: "an argument after -- is no flag" },
    { argv: ["-o", "yaml"], env: {}, format: "table", why: "errors are text or JSON" },
    { argv: [], env: { FLEET_OUTPUT: "json" }, format: "json", why: "the variable counts too" },
  ])("$argv $env is $format $why", ({ argv, env, format }) =>
    expect(optionsFromArgv(argv, env).format).toBe(format),
  );
});

describe("a watch's frame", () => {
  const visible = (frame: string) => stripVTControlCharacters(frame).trimEnd().split("\n");
  test("is drawn over the last one, without a clear that would flicker", () => {
    expect(repaint("a\nb", 24)).toBe("\u001b[?7l\u001b[Ha\u001b[K\nb\u001b[K\n\u001b[J\u001b[?7h");
  });
  test.each([
    { lines: 5, rows: 6, shown: 5, why: "it fits, with the cursor's row below" },
    { lines: 5, rows: 5, shown: 4, why: "one row more would scroll" },
    { lines: 500, rows: 24, shown: 23, why: "and says how much is hidden" },
  ])("$lines lines on $rows rows show $shown: $why", ({ lines, rows, shown }) => {
    const frame = visible(repaint(Array.from({ length: lines }, (_, at) => `line ${at}`).join("\n"), rows));
    expect(frame).toHaveLength(shown);
    if (lines > shown) expect(frame.at(-1)).toBe(`… ${lines - shown + 1} more lines`);
  });
});

describe("the dashboard's rows", () => {
  const drawn = (text: string) => `\u001b[?2026h\u001b[?7l${text}\u001b[H\u001b[?7h\u001b[?2026l`;
  test.each([
    {
      before: null,
      after: ["a", "", "c"],
      text: drawn("\u001b[2J\u001b[1;1H\u001b[Ka\u001b[3;1H\u001b[Kc"),
      why: "the screen is erased first, and an empty row is there already",
    },
    { before: ["a", "b"], after: ["a", "d"], text: drawn("\u001b[2;1H\u001b[Kd"), why: "only what changed" },
    { before: ["a", "b"], after: ["a", ""], text: drawn("\u001b[2;1H\u001b[K"), why: "a row becomes empty" },
    { before: ["a", "b"], after: ["a", "b"], text: "", why: "nothing changed" },
  ])("$before to $after: $why", ({ before, after, text }) => expect(repaintRows(before, after)).toBe(text));
});
