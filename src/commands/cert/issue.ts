// `fleet cert issue`: a certificate for a holder outside the fleet's folder.
import { resolve } from "node:path";
import { Flags } from "@oclif/core";
import type { IssuedReport, Issuer } from "../../client/cert/issue.ts";
import { LocalCommand, localFlags } from "../../ui/cli/local-command.ts";
import { beginChange } from "../../ui/cli/pipes.ts";

export default class CertIssueCommand extends LocalCommand {
  static override summary =
    "Issue a certificate for an operator, a client of the key space, a replica, a shard or a cluster";
  static override description =
    "Writes NAME.crt, NAME.key and ca.crt into a folder, and never overwrites a file. The local fleet's authority signs it, or the one in the folder of --authority (fleet cert authority). Give each person and each robot its own certificate (--role operator): the audit log shows its name, and roles set its permissions (fleet role). A program that uses etcd's API needs one, too (--role client).";
  static override examples = [
    "<%= config.bin %> cert issue --role operator --name alice --out alice-certs --days 90",
    "<%= config.bin %> cert issue --role readonly --name dashboard --out dashboard-certs --days 90",
    "<%= config.bin %> cert issue --authority authority --role replica --name n1 --id 1 --host n1.fleet.internal --out certs",
  ];
  static override flags = {
    ...localFlags,
    role: Flags.option({
      options: ["admin", "operator", "readonly", "client", "replica", "shard", "cluster"] as const,
      required: true,
      summary: "What its holder may do",
    })(),
    authority: Flags.string({
      exclusive: ["dir"],
      summary: "Folder of the ca.crt and ca.key that sign it (default: the local fleet's)",
    }),
    name: Flags.string({
      required: true,
      summary: "Name of the holder and of the files; for a replica, the node's name",
    }),
    id: Flags.integer({
      min: 1,
      max: 65_535,
      summary: "A replica's number (default: from fleet.yaml, or --name if that is a number)",
    }),
    out: Flags.string({ required: true, summary: "Folder to write into" }),
    days: Flags.integer({ min: 1, max: 36_500, default: 365, summary: "Days until it expires" }),
    host: Flags.string({
      multiple: true,
      default: [],
      summary: "Host name or IP address of the holder; may be given several times",
    }),
  };

  async run(): Promise<IssuedReport> {
    const { flags } = await this.parse(CertIssueCommand);
    const { issueTo } = await import("../../client/cert/issue.ts");
    const { role, name, id, out, days, host: hosts } = flags;
    beginChange();
    const report = await issueTo(await this.#issuer(flags), { role, name, id, out, days, hosts }, Date.now());
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

  async #issuer(flags: {
    readonly authority: string | undefined;
    readonly dir: string | undefined;
  }): Promise<Issuer> {
    const [{ loadLocalFleet }, { authorityFiles, authorityFilesIn }] = await Promise.all([
      import("../../client/files/local-fleet.ts"),
      import("../../client/files/layout.ts"),
    ]);
    if (flags.authority !== undefined)
      return { authority: authorityFilesIn(resolve(flags.authority)), nodes: [] };
    const { directory, file } = await loadLocalFleet(await this.folder(flags));
    return { authority: authorityFiles(directory), nodes: file.nodes };
  }
}
