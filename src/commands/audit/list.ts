// `fleet audit list`: every change of the fleet's state, who made it and why, the newest last.
import type { AuditEntry } from "../../core/wire/gen/fleet/v1/command.ts";
import type { ListAuditResponse } from "../../core/wire/gen/fleet/v1/coordinator.ts";
import { FleetCommand } from "../../ui/cli/fleet-command.ts";
import { readFlags } from "../../ui/cli/output-flags.ts";
import type { TableView } from "../../ui/cli/view.ts";
import { auditTable } from "../../ui/model/tables/audit-table.ts";

const view: TableView<ListAuditResponse, AuditEntry> = {
  kind: "AuditList",
  rowKind: "AuditEntry",
  table: auditTable,
  rows: (reply) => reply.entries,
  empty: "nothing has been changed yet",
};

export default class AuditList extends FleetCommand {
  static override summary = "List changes of the fleet's state: when, who, what and why";
  static override examples = ["<%= config.bin %> audit list", "<%= config.bin %> audit list --sort -index"];
  static override flags = { ...readFlags };

  async run(): Promise<ListAuditResponse> {
    const { flags } = await this.parse(AuditList);
    return await this.read(flags, { view, load: (client) => client.listAudit() });
  }
}
