// `fleet cert issue`: a certificate for somebody outside the fleet's folder.
import { Flags } from "@oclif/core";
import type { IssuedReport } from "../../client/cert/issue.ts";
import { LocalCommand, localFlags } from "../../ui/cli/local-command.ts";

export default class CertIssueCommand extends LocalCommand {
  static override summary = "Issue a certificate for an operator, a replica, a shard or a cluster";
  static override description =
    "Writes NAME.crt, NAME.key and ca.crt into a folder, and never over a file that is there.";
  static override examples = [
    "<%= config.bin %> cert issue --role readonly --name dashboard --out dashboard-certs --days 90",
  ];
  static override flags = {
    ...localFlags,
    role: Flags.option({
      options: ["admin", "readonly", "replica", "shard", "cluster"] as const,
      required: true,
      summary: "What its holder may do",
    })(),
    name: Flags.string({ required: true, summary: "Its holder; a replica by its node's name or number" }),
    out: Flags.string({ required: true, summary: "Folder to write into" }),
    days: Flags.integer({ min: 1, default: 365, summary: "How long it lasts" }),
    host: Flags.string({
      multiple: true,
      default: [],
      summary: "Host name or IP address at which the holder is dialed; may be given several times",
    }),
  };

  async run(): Promise<IssuedReport> {
    const { flags } = await this.parse(CertIssueCommand);
    const [{ issueTo }, { loadLocalFleet }] = await Promise.all([
      import("../../client/cert/issue.ts"),
      import("../../client/local/local-fleet.ts"),
    ]);
    const { role, name, out, days, host: hosts } = flags;
    const fleet = await loadLocalFleet(await this.folder(flags));
    const report = await issueTo(fleet, { role, name, out, days, hosts }, Date.now());
    await this.printText(report, {
      kind: "IssuedCertificate",
      text: ({ identity, cert, key, notAfter }) => [
        `${identity}, until ${notAfter}`,
        `  ${cert}`,
        `  ${key}`,
      ],
      name: ({ cert }) => cert,
    });
    return report;
  }
}
