// What the dashboard's changes are made with, and how their reports become lines.
import type { FleetClient } from "../../client/fleet-client.ts";
import type { LocalDeps } from "../../client/local/deps.ts";
import type { Look } from "../model/paint.ts";
import type { OutputOptions } from "./output-flags.ts";
import { renderView, type View } from "./view.ts";

export interface ChangeTools {
  readonly client: FleetClient;
  readonly deps: LocalDeps;
  readonly reason: string;
  /** What restarts agents of a fleet elsewhere; null: local ones. */
  readonly restart: string | null;
  /** Without colours: the dashboard paints lines itself. */
  readonly look: Look;
  readonly output: OutputOptions;
}

/** What the command would print. */
export async function shownLines<Report extends object, Row extends object>(
  { output, look }: Pick<ChangeTools, "output" | "look">,
  report: Report,
  view: View<Report, Row>,
): Promise<readonly string[]> {
  const { data, notes } = await renderView(report, view, output, look);
  return [data, notes].filter((text) => text !== "").flatMap((text) => text.split("\n"));
}
