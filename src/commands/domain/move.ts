// `fleet domain move --file FILE`: moves many domains, in batches that are all or nothing each.
import { Flags } from "@oclif/core";
import type { MovesReport, RefusedMove } from "../../client/domains/move-domains.ts";
import { Exit } from "../../core/base/errors.ts";
import { DomainCommand, waitFlag } from "../../ui/cli/domain-command.ts";
import { mutationFlags, timeoutFlag } from "../../ui/cli/fleet-flags.ts";
import { tableFlags } from "../../ui/cli/output-flags.ts";
import type { TableView } from "../../ui/cli/view.ts";
import { movesLines } from "../../ui/model/moves-lines.ts";
import { refusedMoveTable } from "../../ui/model/tables/refused-move-table.ts";

const view: TableView<MovesReport, RefusedMove> = {
  kind: "DomainMoves",
  rowKind: "RefusedMove",
  table: refusedMoveTable,
  rows: (report) => report.refused,
  lines: movesLines,
  empty: "",
};

export default class DomainMove extends DomainCommand {
  static override summary = "Move many topology domains, listed in a file";
  static override description =
    "Rows are key,value,to,version: CSV, or a JSON array of objects. An empty `to` unassigns the domain. A " +
    "domain that another shard has needs its version (see: fleet domain list). A batch of up to 4096 rows is " +
    "all or nothing, but the file as a whole is not. If a run stops between two batches, run the same file " +
    "again: it skips what was moved. --wait waits until the shards have accepted all of it, and exits with 6 " +
    "after --timeout. Exits with 9 if rows are refused.";
  static override examples = [
    "<%= config.bin %> domain move --file moves.csv --dry-run",
    '<%= config.bin %> domain move --file moves.csv --reason "zone eu-1a is lost"',
  ];
  static override flags = {
    ...mutationFlags,
    ...waitFlag,
    ...tableFlags,
    timeout: timeoutFlag("30s", "Give up on a batch, and on waiting, after this long"),
    file: Flags.string({ required: true, helpValue: "FILE", summary: "The moves; - reads standard input" }),
  };

  async run(): Promise<MovesReport> {
    const { flags } = await this.parse(DomainMove);
    const { moveDomains, readMoves } = await import("../../client/domains/move-domains.ts");
    const moves = await readMoves(flags.file);
    const client = await this.writer(flags);
    const { "dry-run": dryRun, reason = "", timeout: deadlineMs } = flags;
    this.onInterrupt(
      () => "stopped; a batch under way may still be made. Run it again with the same file to continue",
    );
    const onProgress = (done: number, total: number) => this.note(`${done} of ${total} rows`);
    const report = await moveDomains(client, moves, { reason, deadlineMs, dryRun, onProgress });
    const isRefused = report.refused.length > 0;
    this.exitWith(isRefused ? Exit.Precondition : Exit.Ok);
    if (flags.wait && !isRefused)
      await this.printAndWait(report, view, () => this.untilAccepted(flags, moves));
    else await this.print(report, view);
    return report;
  }
}
