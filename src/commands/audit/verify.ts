// `fleet audit verify`: recomputes the chain of audit entries, in the fleet, in exported files, or in both.
import { Args, Flags } from "@oclif/core";
import type { AuditVerification } from "../../client/audit/verify-audit.ts";
import type { Finding } from "../../core/audit/finding.ts";
import { Exit } from "../../core/base/errors.ts";
import { encryptionFlags, encryptionKeys } from "../../ui/cli/encryption-flags.ts";
import { FleetCommand } from "../../ui/cli/fleet-command.ts";
import { hashFlag } from "../../ui/cli/fleet-flags.ts";
import { tableFlags } from "../../ui/cli/output-flags.ts";
import type { TableView } from "../../ui/cli/view.ts";
import { auditVerificationLines, findingTable } from "../../ui/model/audit-lines.ts";

const view: TableView<AuditVerification, Finding> = {
  kind: "AuditVerification",
  rowKind: "AuditFinding",
  table: findingTable,
  rows: (report) => report.findings,
  lines: auditVerificationLines,
  empty: "",
};

export default class AuditVerify extends FleetCommand {
  static override summary = "Verify that no audit entry was changed, removed or moved";
  static override description =
    "Recomputes every entry's hash, which covers the entry and the hash before it. Without a path, it verifies the fleet's own table. With paths, it verifies exported files only; --with-fleet compares both. A valid chain proves that no part of it was changed. An attacker who controls a quorum can rewrite all of it; only an export or a head kept elsewhere shows that. Exits with 1 if the chain is broken, with 3 if a path holds no export. Exits with 4 if a file is encrypted and the key is missing or wrong.";
  static override examples = [
    "<%= config.bin %> audit verify",
    "<%= config.bin %> audit verify .fleet/n1/data/audit .fleet/n2/data/audit .fleet/n3/data/audit --with-fleet",
    "<%= config.bin %> audit verify --head $(cat head.txt)",
  ];
  static override strict = false;
  static override args = {
    path: Args.string({
      description: "Exported files, and folders of them (default: the fleet's own table)",
    }),
  };
  static override flags = {
    ...tableFlags,
    ...encryptionFlags,
    "with-fleet": Flags.boolean({
      summary: "Also check that the fleet holds the exported entries and continues them",
    }),
    from: Flags.string({
      helpValue: "FILE",
      summary: "Read this bundle instead of a fleet (see: fleet bundle)",
      exclusive: ["dir", "context", "endpoints"],
    }),
    head: hashFlag("Check that an entry has this hash (from an earlier fleet audit head)"),
    after: hashFlag("The hash before the first exported entry, if earlier files are kept elsewhere"),
  };

  async run(): Promise<AuditVerification> {
    const { flags, argv } = await this.parse(AuditVerify);
    const paths = argv.map(String);
    const { verifyAudit } = await import("../../client/audit/verify-audit.ts");
    const asksFleet = paths.length === 0 || flags["with-fleet"];
    const live = () => (flags.from === undefined ? this.client(flags) : this.bundled(flags.from));
    const fleet = asksFleet ? await live() : null;
    const keys = paths.length === 0 ? null : await encryptionKeys(flags);
    const report = await verifyAudit({ paths, fleet, head: flags.head, after: flags.after, keys });
    await this.print(report, view);
    if (!report.isWhole) this.exitWith(Exit.Failure);
    return report;
  }
}
