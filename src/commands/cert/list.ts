// `fleet cert list`: the certificates of a local fleet and how long they last. It asks no process.
import { Flags } from "@oclif/core";
import type { CertificateList, CertificateView } from "../../client/cert/inventory.ts";
import { Exit } from "../../core/base/errors.ts";
import { LocalCommand, localFlags } from "../../ui/cli/local-command.ts";
import { tableFlags } from "../../ui/cli/output-flags.ts";
import type { TableView } from "../../ui/cli/view.ts";
import { certificateTable } from "../../ui/model/tables/certificate-table.ts";

const view: TableView<CertificateList, CertificateView> = {
  kind: "CertificateList",
  rowKind: "Certificate",
  table: certificateTable,
  rows: (report) => report.certificates,
  lines: (report) =>
    report.certificates.flatMap(({ name, problem }) =>
      problem === null ? [] : [{ text: `${name} is unusable: ${problem}`, mark: "bad" as const }],
    ),
  empty: "the fleet has no certificates",
};

export default class CertListCommand extends LocalCommand {
  static override summary = "List the certificates of a local fleet and how long they last";
  static override flags = {
    ...localFlags,
    ...tableFlags,
    "detailed-exitcode": Flags.boolean({ summary: "Exit with 8 when one has to be renewed within 14 days" }),
  };

  async run(): Promise<CertificateList> {
    const { flags } = await this.parse(CertListCommand);
    const [{ listCertificates, needingRenewal }, { loadLocalFleet }] = await Promise.all([
      import("../../client/cert/inventory.ts"),
      import("../../client/local/local-fleet.ts"),
    ]);
    const report = await listCertificates(await loadLocalFleet(await this.folder(flags)), Date.now());
    await this.print(report, view);
    if (flags["detailed-exitcode"] && needingRenewal(report).length > 0) this.exitWith(Exit.ChangesPending);
    return report;
  }
}
