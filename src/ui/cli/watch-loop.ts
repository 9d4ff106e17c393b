// The loop of `--watch`: a frame a second on a terminal, a JSON line a second into a pipe. What fails now may work a
// second later, so an expected failure is shown in place of the frame, and the watch continues.
import { setTimeout as sleep } from "node:timers/promises";
import { Exit } from "../../core/base/errors.ts";
import type { Look } from "../model/paint.ts";
import { expectedFailure, type Failure, failureJson, failureText } from "./failure.ts";
import { stringify, toContract } from "./json.ts";
import type { OutputOptions } from "./output-flags.ts";
import { beginFrames, drawFrame, writeData } from "./terminal.ts";
import { renderView, type View } from "./view.ts";

const INTERVAL_MS = 1000;

/** A read that is repeated. */
export interface Watched<Report, Row extends object> {
  readonly load: () => Promise<Report>;
  readonly view: View<Report, Row>;
}

/** Ends only by a failure that no later look could mend, or with the process. */
export async function watch<Report extends object, Row extends object>(
  reading: Watched<Report, Row>,
  output: OutputOptions,
  look: Look,
): Promise<never> {
  const isTerminal = process.stdout.isTTY === true;
  if (isTerminal) beginFrames();
  for (;;) {
    if (isTerminal) drawFrame(await frame(reading, output, look));
    else writeData(await line(reading));
    await sleep(INTERVAL_MS);
  }
}

async function frame<Report extends object, Row extends object>(
  { load, view }: Watched<Report, Row>,
  output: OutputOptions,
  look: Look,
): Promise<string> {
  try {
    const { data, notes } = await renderView(await load(), view, output, look);
    return data === "" ? notes : data;
  } catch (error) {
    return failureText(passing(error), look.paint);
  }
}

async function line<Report extends object, Row extends object>({
  load,
  view,
}: Watched<Report, Row>): Promise<string> {
  try {
    return stringify(toContract(view.kind, await load()), false);
  } catch (error) {
    return failureJson(passing(error), false);
  }
}

/** The failure that may pass; throws what will not: wrong usage, and bugs. */
function passing(error: unknown): Failure {
  const failure = expectedFailure(error);
  if (failure === null || failure.exit === Exit.Usage) throw error;
  return failure;
}
