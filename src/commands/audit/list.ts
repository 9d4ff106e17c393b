// `fleet audit list`: every change of the fleet's state, who made it and why, the newest last.
import { Flags } from "@oclif/core";
import type { Listed } from "../../client/all-pages.ts";
import type { AuditEntry } from "../../core/wire/gen/fleet/v1/command.ts";
import type { ListAuditResponse } from "../../core/wire/gen/fleet/v1/coordinator.ts";
import { FleetCommand } from "../../ui/cli/fleet-command.ts";
import { COUNT_MAX, indexFlag } from "../../ui/cli/fleet-flags.ts";
import { listFlags, listOptions } from "../../ui/cli/list-flags.ts";
import type { TableView } from "../../ui/cli/view.ts";
import { auditLines, auditTable } from "../../ui/model/tables/audit-table.ts";

const view: TableView<Listed<ListAuditResponse>, AuditEntry> = {
  kind: "AuditList",
  rowKind: "AuditEntry",
  table: auditTable,
  rows: (reply) => reply.entries,
  lines: auditLines,
  empty: "nothing has been changed yet",
};

// A screen or two: the log of a fleet has thousands of entries, and a reader wants the newest.
const TAIL_USUAL = 100;

const auditFlags = {
  after: indexFlag(0, "Only changes above this log index"),
  tail: Flags.integer({
    min: 1,
    max: COUNT_MAX,
    summary: "At most this many entries, the newest ones",
    defaultHelp: async () => `${TAIL_USUAL} for a table, unless --after or --limit is given`,
    exclusive: ["limit"],
  }),
  limit: Flags.integer({
    min: 1,
    max: COUNT_MAX,
    summary: "At most this many entries, the oldest ones; continue with --after",
  }),
  actor: Flags.string({ summary: "Only changes of this identity, for example fleet://admin" }),
};

export default class AuditList extends FleetCommand {
  static override summary = "List changes of the fleet's state: when, who, what and why";
  static override examples = [
    "<%= config.bin %> audit list",
    "<%= config.bin %> audit list --tail 20",
    "<%= config.bin %> audit list --after 0",
    "<%= config.bin %> audit list --after 1200 --actor fleet://admin",
  ];
  static override flags = { ...listFlags, ...auditFlags };

  async run(): Promise<Listed<ListAuditResponse>> {
    const { flags } = await this.parse(AuditList);
    const { after: afterIndex = 0, actor = "" } = flags;
    const tail = flags.tail ?? (this.#isWholeWanted(flags) ? undefined : TAIL_USUAL);
    const rows = tail === undefined ? {} : { newest: true, rowsMax: tail };
    const options = { filter: { afterIndex, actor }, ...listOptions(flags), ...rows };
    return await this.read(flags, { view, load: (client) => client.listAudit(options) });
  }

  /** Scripts read all of it, as does everyone who says from where. */
  #isWholeWanted({
    after,
    limit,
  }: {
    readonly after: number | undefined;
    readonly limit: number | undefined;
  }) {
    const isForPeople = this.output.format === "table" || this.output.format === "wide";
    return !isForPeople || after !== undefined || limit !== undefined;
  }
}
