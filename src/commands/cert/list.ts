// `fleet cert list`: the certificates of a local fleet, how long they last, and which of them are revoked. It needs no
// process: without one it says that revocations are not known.
import { Flags } from "@oclif/core";
import type { CertificateList } from "../../client/cert/inventory.ts";
import { Exit } from "../../core/base/errors.ts";
import { listView } from "../../ui/cli/list-view.ts";
import { LocalCommand, localFlags } from "../../ui/cli/local-command.ts";
import { tableFlags } from "../../ui/cli/output-flags.ts";
import { certificateTable } from "../../ui/model/tables/certificate-table.ts";

const UNKNOWN = {
  text: "revocations are unknown: no coordinator answered",
  mark: "unknown" as const,
};

const view = listView(
  "Certificate",
  { certificates: certificateTable },
  "the fleet has no certificates",
  (report: CertificateList) => [
    ...report.certificates.flatMap(({ name, problem }) =>
      problem === null ? [] : [{ text: `${name} is unusable: ${problem}`, mark: "bad" as const }],
    ),
    ...(report.revocationsKnown ? [] : [UNKNOWN]),
  ],
);

export default class CertListCommand extends LocalCommand {
  static override summary = "List the certificates of a local fleet, their expiry and revocations";
  static override flags = {
    ...localFlags,
    ...tableFlags,
    "detailed-exitcode": Flags.boolean({ summary: "Exit with 8 if a certificate expires within 14 days" }),
  };

  async run(): Promise<CertificateList> {
    const { flags } = await this.parse(CertListCommand);
    const [{ listCertificates, needingRenewal }, { fleetDenials }, { loadLocalFleet }] = await Promise.all([
      import("../../client/cert/inventory.ts"),
      import("../../client/cert/fleet-denials.ts"),
      import("../../client/files/local-fleet.ts"),
    ]);
    const fleet = await loadLocalFleet(await this.folder(flags));
    const report = await listCertificates(fleet, Date.now(), await fleetDenials(fleet));
    await this.print(report, view);
    if (flags["detailed-exitcode"] && needingRenewal(report).length > 0) this.exitWith(Exit.ChangesPending);
    return report;
  }
}
