// A command that edits the contexts in the user's configuration. It asks no fleet.
import { Flags } from "@oclif/core";
import {
  type Contexts,
  type ContextsChange,
  changeContexts,
  contextsFilePath,
} from "../../client/context/contexts-file.ts";
import type { ContextFields } from "../../client/context/edit-context.ts";
import { CONTEXT_COLORS, type ContextColor } from "../../client/context/target.ts";
import { SystemProcesses } from "../../client/processes/system-processes.ts";
import { systemWaitClock } from "../../core/base/wait-clock.ts";
import { BaseCommand } from "./base-command.ts";
import { beginChange } from "./pipes.ts";

export const contextFlags = {
  endpoints: Flags.string({ summary: "Coordinators as host:port, comma-separated" }),
  dir: Flags.string({ summary: "Folder of a local fleet, instead of endpoints" }),
  ca: Flags.string({ summary: "File of the certificate authority" }),
  cert: Flags.string({ summary: "File of the client certificate" }),
  key: Flags.string({ summary: "File of the client key" }),
  "read-only": Flags.boolean({ allowNo: true, summary: "Refuse commands that change this fleet" }),
  color: Flags.option({
    options: CONTEXT_COLORS,
    summary: "Colour of its name, so that fleets are not confused",
  })(),
  "before-change": Flags.string({
    helpValue: "COMMAND",
    summary: "Run this before each change; a failure stops the change",
  }),
};

interface ContextFlagValues extends Omit<ContextFields, "readOnly" | "beforeChange"> {
  readonly "read-only": boolean | undefined;
  readonly color: ContextColor | undefined;
  readonly "before-change": string | undefined;
}

export function fieldsIn(flags: ContextFlagValues): ContextFields {
  const { endpoints, dir, ca, cert, key, color } = flags;
  return {
    endpoints,
    dir,
    ca,
    cert,
    key,
    color,
    readOnly: flags["read-only"],
    beforeChange: flags["before-change"],
  };
}

interface ContextEdited {
  readonly file: string;
  readonly name: string;
  /** Null: none. */
  readonly current: string | null;
}

export abstract class ContextCommand extends BaseCommand {
  /** Changes the file, and says what `done` says of it. */
  protected async edit(
    decide: (contexts: Contexts) => { readonly name: string; readonly change: ContextsChange },
    done: (name: string) => string,
  ): Promise<ContextEdited> {
    beginChange();
    const deps = { clock: systemWaitClock, processes: await SystemProcesses.open() };
    const file = contextsFilePath(process.env);
    const { name, current } = await changeContexts(file, deps, (contexts) => {
      const edit = decide(contexts);
      const { current = contexts.current } = edit.change;
      return { ...edit, current };
    });
    const report = { file, name, current };
    await this.printText(report, {
      kind: "ContextEdited",
      name: () => name,
      text: () => [
        done(name),
        current === null ? "no context is current" : `${current} is the current context`,
      ],
    });
    return report;
  }
}
