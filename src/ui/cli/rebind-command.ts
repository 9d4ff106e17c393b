// What all rebind commands share: their flags, running or previewing a plan, and how the report looks and exits.
import { Flags } from "@oclif/core";
import type { RebindReport } from "../../client/rebind/run-plan.ts";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import type { Executor, RebindPlan } from "../../core/rebind/plan.ts";
import { type MoveRow, moveTable } from "../model/tables/move-table.ts";
import { FleetCommand } from "./fleet-command.ts";
import { durationFlag, mutationFlags, type TargetFlagValues } from "./fleet-flags.ts";
import type { TableView } from "./view.ts";

export const executorFlags = {
  command: Flags.string({
    summary:
      "Command that restarts an agent; {cluster} {from} {to} {address} are replaced. Default: local agents",
  }),
};

export const runFlags = {
  ...mutationFlags,
  timeout: durationFlag({
    summary: "Give each wave up after this long",
    default: 60_000,
    defaultHelp: async () => "60s",
  }),
  "max-parallel": Flags.integer({ summary: "Moves under way at once", default: 4, min: 1 }),
};

interface RunFlagValues extends TargetFlagValues {
  readonly reason: string | undefined;
  readonly "dry-run": boolean;
  readonly timeout: number;
  readonly "max-parallel": number;
}

const view: TableView<RebindReport, MoveRow> = {
  kind: "Rebind",
  rowKind: "Move",
  table: moveTable,
  rows: (report) => report.moves,
  empty: "the plan has no moves",
};

export abstract class RebindCommand extends FleetCommand {
  protected executor(flags: { readonly command: string | undefined }): Executor {
    return flags.command === undefined ? { kind: "local" } : { kind: "command", command: flags.command };
  }

  /** Runs the plan, or shows what it would do next; again and again gives the same end. */
  protected async runPlan(plan: RebindPlan, flags: RunFlagValues): Promise<RebindReport> {
    const [{ openMover }, { previewPlan, runPlan }] = await Promise.all([
      import("../../client/rebind/executor.ts"),
      import("../../client/rebind/run-plan.ts"),
    ]);
    const client = await this.client(flags);
    const mover = await openMover(plan.executor, client.target.directory);
    if (flags["dry-run"]) {
      const preview = await previewPlan(client, plan, mover);
      await this.print(preview, view);
      return preview;
    }
    if (client.target.readOnly === true) throw readOnly(client.target.name);
    this.onInterrupt(
      () => "stopped; run the same rebind again to finish it, or undo it: fleet rebind rollback",
    );
    const report = await runPlan(client, plan, mover, {
      maxParallel: flags["max-parallel"],
      timeoutMs: flags.timeout,
      reason: flags.reason ?? "",
      onStep: (move, step) =>
        this.note(`${move.cluster}: ${step.step}${"why" in step ? ` (${step.why})` : ""}`),
    });
    await this.print(report, view);
    this.exitWith(exitOf(report));
    return report;
  }
}

function exitOf(report: RebindReport): Exit {
  const results = report.moves.map((move) => move.result);
  if (results.includes("blocked")) return Exit.Precondition;
  return results.every((result) => result === "done") ? Exit.Ok : Exit.TimedOut;
}

function readOnly(name: string): OperatorError {
  return new OperatorError("CONTEXT_READ_ONLY", {
    what: `context ${name} is read-only`,
    next: "name another with --context",
    exit: Exit.Precondition,
  });
}
