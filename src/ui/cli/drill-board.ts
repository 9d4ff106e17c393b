// Reads what the dashboard's drills view shows: which drills are possible with this fleet, what interrupted ones left behind, and
// the reports below its folder. A report never changes, so each file is read once.

import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { journalsOf, type Undo } from "../../client/drill/journal.ts";
import { drillsFolder, isJournal } from "../../client/drill/journal-folder.ts";
import { nodeControlOf } from "../../client/drill/node-control.ts";
import { possibilities } from "../../client/drill/possibilities.ts";
import { whyNotNow } from "../../client/drill/preflight.ts";
import { readRuns } from "../../client/drill/read-report.ts";
import type { FleetClient } from "../../client/fleet-client.ts";
import type { LocalDeps } from "../../client/local/deps.ts";
import { OperatorError } from "../../core/base/errors.ts";
import { printable } from "../../core/base/printable.ts";
import { DRILLS } from "../../core/drill/catalog.ts";
import type { Look } from "../model/paint.ts";
import { printableReport } from "../model/printable-report.ts";
import type { BoardReport, DrillBoard, LeftDrill } from "../model/top/drill-board.ts";
import { EXPECTS } from "./drill-list-view.ts";
import { drillView } from "./drill-view.ts";

const REPORTS_MAX = 40;
/** A game day's report is some megabytes; larger files are not read while a screen is drawn. */
const BYTES_MAX = 16 * 1024 * 1024;

export class DrillBoardReader {
  readonly #client: FleetClient;
  readonly #deps: LocalDeps;
  readonly #look: Look;
  readonly #folder: string;
  readonly #read = new Map<string, BoardReport>();

  /** `look`: how the lines of reports are drawn. */
  constructor(client: FleetClient, deps: LocalDeps, look: Look) {
    this.#client = client;
    this.#deps = deps;
    this.#look = look;
    this.#folder = drillsFolder(client.target.directory, process.cwd());
  }

  async read(): Promise<DrillBoard> {
    const [left, drills, reports] = await Promise.all([this.#left(), this.#drills(), this.#reports()]);
    return { left, drills, reports };
  }

  async #left(): Promise<readonly LeftDrill[]> {
    const found = await journalsOf(this.#client.target, process.cwd(), this.#deps.processes);
    return found.map(({ path, entry, isRunning }) => ({
      name: entry?.drillId ?? path,
      drill: entry?.drill ?? "not known",
      startedMs: momentOf(entry?.startedAt),
      isRunning,
      undo: entry === null ? ["the journal cannot be read"] : entry.undo.map(taskOf),
    }));
  }

  async #drills(): Promise<DrillBoard["drills"]> {
    const control = nodeControlOf(this.#client.target, this.#deps);
    const status = await this.#client.status();
    const { can } = await possibilities(this.#client, control, status);
    return DRILLS.map((spec) => ({
      ...{ name: spec.name, summary: spec.summary, victims: spec.victims },
      ...{ expects: EXPECTS[spec.expects], whyNot: whyNotNow(spec, can, status) },
    }));
  }

  async #reports(): Promise<readonly BoardReport[]> {
    const names = await readdir(this.#folder).catch(() => []);
    // Their names end with the time at which they were written.
    const newest = names
      .filter((name) => name.endsWith(".json") && !isJournal(name))
      .toSorted((a, b) => (timeIn(a) < timeIn(b) ? 1 : -1))
      .slice(0, REPORTS_MAX);
    return await Promise.all(newest.map((name) => this.#report(name)));
  }

  async #report(name: string): Promise<BoardReport> {
    const known = this.#read.get(name);
    if (known !== undefined) return known;
    const report = await reportIn(this.#folder, name, this.#look);
    // One that is being written may be whole at the next look.
    if (report.verdict !== null) this.#read.set(name, report);
    return report;
  }
}

/** What is to be done, as the healing will do it. */
function taskOf(undo: Undo): string {
  switch (undo.kind) {
    case "start":
      return `start ${undo.node}`;
    case "resume":
      return `resume ${undo.node}`;
    case "clear-faults":
      return `clear the faults of ${undo.node}`;
    case "discard":
      return `remove the data that ${undo.node} had before`;
    case "unlock":
      return "free the lock of drills";
  }
}

const timeIn = (name: string): string => /\d{4}-\d\d-\d\dT[\d-]+Z/.exec(name)?.[0] ?? "";

async function reportIn(folder: string, file: string, look: Look): Promise<BoardReport> {
  const name = printable(file);
  const path = join(folder, file);
  try {
    const { size } = await stat(path);
    if (size > BYTES_MAX) return unreadable(name, `it is larger than ${BYTES_MAX} bytes`);
    const runs = await readRuns(path);
    const [first] = runs;
    const isOne = runs.length === 1;
    return {
      ...{ name, drill: printable(first.drill), startedMs: momentOf(first.startedAt) },
      verdict: runs.every(({ verdict }) => verdict === "pass") ? "pass" : "fail",
      lines: runs.flatMap((run, at) => [
        ...(isOne ? [] : [`run ${at + 1} of ${runs.length}: ${run.drill}`]),
        ...drillView.text(printableReport(run), look),
        "",
      ]),
    };
  } catch (error) {
    return unreadable(
      name,
      error instanceof OperatorError ? (error.parts.why ?? error.message) : String(error),
    );
  }
}

function unreadable(name: string, why: string): BoardReport {
  return { name, drill: "not known", startedMs: null, verdict: null, lines: [printable(why)] };
}

function momentOf(text: string | undefined): number | null {
  const ms = Date.parse(text ?? "");
  return Number.isNaN(ms) ? null : ms;
}
