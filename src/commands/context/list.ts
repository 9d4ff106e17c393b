// `fleet context list`: the fleets that this user's configuration knows. It asks no fleet.
import { BaseCommand } from "../../ui/cli/base-command.ts";
import { listView } from "../../ui/cli/list-view.ts";
import { tableFlags } from "../../ui/cli/output-flags.ts";
import { type ContextRow, contextTable } from "../../ui/model/tables/context-table.ts";

interface ContextList {
  readonly file: string;
  readonly contexts: readonly ContextRow[];
}

const view = listView("Context", { contexts: contextTable }, "no contexts yet; fleet init makes one");

export default class ContextListCommand extends BaseCommand {
  static override summary = "List contexts: the fleets in your configuration";
  static override flags = { ...tableFlags };

  async run(): Promise<ContextList> {
    await this.parse(ContextListCommand);
    const { contextsFilePath, loadContexts } = await import("../../client/context/contexts-file.ts");
    const file = contextsFilePath(process.env);
    const { current, contexts } = await loadContexts(file);
    const rows = [...contexts].map(([name, { kind, endpoints, directory, readOnly }]) => ({
      name,
      current: name === current,
      engine: kind ?? "fleet",
      endpoints,
      directory: directory ?? null,
      readOnly: readOnly ?? false,
    }));
    const report = { file, contexts: rows.toSorted((a, b) => (a.name < b.name ? -1 : 1)) };
    await this.print(report, view);
    return report;
  }
}
