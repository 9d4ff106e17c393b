// Runs a drill from the dashboard, as `fleet drill run` does: the preflight is its dry run, and cancelling it puts everything back.
import { nodeControlOf } from "../../client/drill/node-control.ts";
import { possibilities } from "../../client/drill/possibilities.ts";
import { assertPossible, leaderFor } from "../../client/drill/preflight.ts";
import { defaultReport, writeReport } from "../../client/drill/report-file.ts";
import { runDrill } from "../../client/drill/run-drill.ts";
import { OperatorError } from "../../core/base/errors.ts";
import { DRILLS } from "../../core/drill/catalog.ts";
import { drillNamed } from "../../core/drill/drill-spec.ts";
import type { ChangeCheck, ChangeOutcome } from "../model/top/change.ts";
import { type ChangeTools, shownLines } from "./change-tools.ts";
import { USUAL_DRILL } from "./drill-command.ts";
import { EXPECTS } from "./drill-list-view.ts";
import { drillView } from "./drill-view.ts";

/** Throws what the preflight refuses. */
export async function checkDrill({ client, deps }: ChangeTools, name: string): Promise<ChangeCheck> {
  const spec = drillNamed(name, DRILLS);
  const status = await client.status();
  assertPossible(
    spec,
    (await possibilities(client, nodeControlOf(client.target, deps), status)).can,
    client.target.name,
  );
  const leader = leaderFor(spec, status);
  const lines = [
    `${spec.summary}; hits: ${spec.victims}; expected: ${EXPECTS[spec.expects]}`,
    `possible here: ${leader.name} leads term ${leader.term}, and the quorum survives it`,
    `its clients write ${USUAL_DRILL.rate} times a second until all is whole again`,
  ];
  return { finding: "ask", lines };
}

export async function performDrill(
  tools: ChangeTools,
  name: string,
  notify: (line: string) => void,
  signal: AbortSignal,
): Promise<ChangeOutcome> {
  const { client, deps } = tools;
  const spec = drillNamed(name, DRILLS);
  const file = await defaultReport(client.target.directory, spec.name);
  const onEvent = (event: { readonly kind: string; readonly node?: string }): void => {
    if (event.kind !== "acknowledged")
      notify(`${event.kind}${event.node === undefined ? "" : ` ${event.node}`}`);
  };
  const options = { ...USUAL_DRILL, gates: [], signal, onEvent, onWait: notify };
  try {
    const { report } = await runDrill(spec, client, deps, nodeControlOf(client.target, deps), options);
    await writeReport(file, report);
    const lines = [...(await shownLines(tools, report, drillView)), `report: ${file}`];
    return { isDone: report.verdict === "pass", lines };
  } catch (error) {
    if (!(error instanceof OperatorError) || error.code !== "DRILL_STOPPED") throw error;
    return { isDone: false, lines: ["cancelled: the drill's fault is healed"] };
  }
}
