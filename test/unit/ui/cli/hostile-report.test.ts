// Names and texts of a hostile shard do not reach the terminal raw, whatever is shown and however (issue 11).

import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import {
  type Archive,
  parseArchive,
  readArchiveBytes,
  writeArchive,
} from "../../../../src/client/archive-file.ts";
import { Exit, OperatorError } from "../../../../src/core/base/errors.ts";
import { Drift } from "../../../../src/core/wire/gen/fleet/v1/views.ts";
import { paintFor } from "../../../../src/ui/cli/color.ts";
import { expectedFailure, failureText } from "../../../../src/ui/cli/failure.ts";
import { momentIn } from "../../../../src/ui/cli/moment.ts";
import { type OutputOptions, optionsFromArgv } from "../../../../src/ui/cli/output-flags.ts";
import { renderView, type TextView, type View } from "../../../../src/ui/cli/view.ts";
import { shardLines } from "../../../../src/ui/model/shard-lines.ts";
import { UNICODE } from "../../../../src/ui/model/symbols.ts";
import { clusterTable } from "../../../../src/ui/model/tables/cluster-table.ts";
import { makeFolder, removeFolder } from "../../../make-folder.ts";
import { hostileTexts, UNSAFE } from "../../base/hostile-text.ts";
import { clustersReply, clusterView, shardView } from "../model/fixtures.ts";

const look = { paint: paintFor(false), symbols: UNICODE, moment: momentIn(true) };
const as = (format: OutputOptions["format"]): OutputOptions => ({ ...optionsFromArgv([], {}), format });
const FORMATS = ["table", "wide", "name", "json", "jsonl", "yaml"] as const;
const SPOOF = "x\n● everything is fine\u001b[2J\u202e\u200b";

const holdings = {
  ...{ shard: shardView("s1"), clusters: [SPOOF], leaving: [SPOOF], undeclared: [SPOOF] },
  ...{ domains: [SPOOF], quotas: [SPOOF], instructions: [SPOOF] },
};
const showView: TextView<typeof holdings> = {
  kind: "ShardHoldings",
  name: ({ clusters }) => clusters.join(),
  text: (shown, { paint, symbols }) =>
    shardLines(shown).map(({ mark, text }) => paint.mark(mark, `${symbols.marks[mark]} ${text}`)),
};

test.each(FORMATS)("what a shard has, as %s", async (format) => {
  const { data, notes } = await renderView(holdings, showView, as(format), look);
  expect(data + notes).not.toMatch(UNSAFE);
  const spoofed = `${data}\n${notes}`.split("\n").filter((line) => line.startsWith("● everything"));
  expect(spoofed).toEqual([]);
});

test.each(FORMATS)("a list of clusters, as %s", async (format) => {
  for (const text of hostileTexts(31, 200)) {
    const row = clusterView(text, Drift.ELSEWHERE, {
      observed: [{ shardId: text, session: true, bound: true, ageMs: 1, doubleDial: undefined, late: false }],
    });
    const view: View<ReturnType<typeof clustersReply>, typeof row> = {
      ...{ kind: "ClusterList", rowKind: "Cluster", table: clusterTable, empty: "none" },
      rows: ({ clusters }) => clusters,
      lines: () => [{ text, mark: "bad" }],
    };
    const { data, notes } = await renderView(clustersReply(row), view, as(format), look);
    expect(data + notes).not.toMatch(UNSAFE);
    if (format === "name") expect(data.split("\n")).toHaveLength(1);
    if (format === "json") expect(JSON.parse(data).clusters[0].clusterId).toBe(text);
    if (format === "yaml") expect(parse(data).clusters[0].clusterId).toBe(text);
  }
});

const archiveIn = async (path: string, command: string): Promise<Archive> =>
  parseArchive(path, (await readArchiveBytes(path, command)).toString("utf8"), command);

test("an error that quotes a server", () => {
  const error = new OperatorError("X", {
    what: SPOOF,
    why: SPOOF,
    next: "y".repeat(1_000_000),
    exit: Exit.Failure,
  });
  const failure = expectedFailure(error);
  const text = failure === null ? "" : failureText(failure, look.paint);
  expect(text).not.toMatch(UNSAFE);
  expect(text.split("\n")).toHaveLength(3);
  expect(text.length).toBeLessThan(10_000);
});

test("an archive is its owner's alone, printable, and read back as it was answered", async () => {
  const folder = await makeFolder();
  const path = join(folder, "answer.json");
  const archive = {
    command: "x",
    at: "2026-01-01T00:00:00Z",
    version: "1",
    target: { name: SPOOF, endpoints: [] },
    report: holdings,
  };
  await writeArchive(path, archive);
  expect(await readFile(path, "utf8")).not.toMatch(UNSAFE);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await archiveIn(path, "x")).toEqual(archive);
  await removeFolder(folder);
});
