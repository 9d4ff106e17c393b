// `fleet key rotate`: the nodes encrypt what they write from now on with new keys, while they run.
import { Flags } from "@oclif/core";
import type { KeyReport, NodeKeys } from "../../client/key/key-status.ts";
import { Exit } from "../../core/base/errors.ts";
import { allowChange } from "../../ui/cli/allow-change.ts";
import { FleetCommand } from "../../ui/cli/fleet-command.ts";
import { tableFlags } from "../../ui/cli/output-flags.ts";
import type { TableView } from "../../ui/cli/view.ts";
import { keyLines, keyTable } from "../../ui/model/tables/key-table.ts";

const view: TableView<KeyReport, NodeKeys> = {
  kind: "KeyRotation",
  rowKind: "NodeKeys",
  table: keyTable,
  rows: (report) => report.nodes,
  lines: ({ dryRun, nodes }) => {
    const rotated = nodes.filter((node) => node.rotated).map(({ node }) => node);
    const done = dryRun ? "dry run: nothing was rotated" : `rotated: ${rotated.join(", ")}`;
    return [{ mark: dryRun || rotated.length === 0 ? "unknown" : "good", text: done }, ...keyLines(nodes)];
  },
  empty: "no nodes",
};

export default class KeyRotate extends FleetCommand {
  static override summary = "Make the nodes encrypt with new keys from now on";
  static override description =
    "Each node reads the operator's key again, makes a new data key, and wraps its keys with the operator's current one. To replace the operator's key, put the new one first in each node's key file (fleet key generate --rotate) before this. Files of earlier keys stay readable, and disappear as the log is compacted (see: fleet key status). Each run rotates again. Exits with 1 if a node could not rotate.";
  static override examples = [
    "<%= config.bin %> key rotate --reason 'quarterly'",
    "<%= config.bin %> key rotate --node n2",
  ];
  static override flags = {
    ...tableFlags,
    node: Flags.string({ multiple: true, multipleNonGreedy: true, summary: "Only this node (default: all)" }),
    reason: Flags.string({ summary: "Why; kept in the audit log" }),
    "dry-run": Flags.boolean({ summary: "Show which nodes would rotate, and change nothing" }),
  };

  async run(): Promise<KeyReport> {
    const { flags } = await this.parse(KeyRotate);
    const { rotate } = await import("../../client/key/key-status.ts");
    const { reason = "", "dry-run": dryRun = false, node = [] } = flags;
    const client = await this.client(flags);
    if (!dryRun) await allowChange(client.target, this.words, reason);
    const report = await rotate(client, node, { reason, dryRun });
    await this.print(report, view);
    if (report.nodes.some(({ error }) => error !== null)) this.exitWith(Exit.Failure);
    return report;
  }
}
