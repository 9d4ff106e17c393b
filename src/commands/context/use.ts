// `fleet context use`: which context commands mean when nothing else names a fleet.
import { Args } from "@oclif/core";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { BaseCommand } from "../../ui/cli/base-command.ts";
import { closest } from "../../ui/model/closest.ts";

interface Used {
  readonly current: string;
  readonly previous: string | null;
}

export default class ContextUse extends BaseCommand {
  static override summary = "Make a context the current one";
  static override examples = ["<%= config.bin %> context use production"];
  static override args = { name: Args.string({ required: true, description: "Name of the context" }) };

  async run(): Promise<Used> {
    const { args } = await this.parse(ContextUse);
    const { changeContexts, contextsFilePath } = await import("../../client/context/contexts-file.ts");
    const { systemWaitClock } = await import("../../core/base/wait-clock.ts");
    const { SystemProcesses } = await import("../../client/processes/system-processes.ts");
    const deps = { clock: systemWaitClock, processes: await SystemProcesses.open() };
    const { used } = await changeContexts(contextsFilePath(process.env), deps, ({ current, contexts }) => {
      if (!contexts.has(args.name)) throw unknownContext(args.name, [...contexts.keys()]);
      return { used: { current: args.name, previous: current }, change: { current: args.name, set: {} } };
    });
    await this.printText(used, {
      kind: "ContextUsed",
      name: (report) => report.current,
      text: (report) => [`${report.current} is the current context now`],
    });
    return used;
  }
}

function unknownContext(name: string, known: readonly string[]): OperatorError {
  const near = closest(name, known);
  return new OperatorError("CONTEXT_UNKNOWN", {
    what: `there is no context ${name}`,
    next: near === null ? "see them with: fleet context list" : `did you mean ${near}? (fleet context list)`,
    exit: Exit.NotFound,
  });
}
