// `fleet cert authority`: who signs the certificates of a fleet on hosts of its own.
import { Flags } from "@oclif/core";
import type { AuthorityReport, SeparateReport } from "../../client/cert/make-authority.ts";
import { BaseCommand } from "../../ui/cli/base-command.ts";

export default class CertAuthorityCommand extends BaseCommand {
  static override summary = "Make the certificate authority of a fleet on several hosts";
  static override description =
    "Writes ca.crt and ca.key into a folder, and never overwrites a file. Keep ca.key away from the fleet's hosts: its holder can impersonate every identity. A local fleet already has an authority.";
  static override examples = [
    "<%= config.bin %> cert authority --name prod --out authority",
    "<%= config.bin %> cert authority --name prod --out authorities --separate",
  ];
  static override flags = {
    name: Flags.string({ required: true, summary: "The fleet's name" }),
    out: Flags.string({ required: true, summary: "Folder to write into" }),
    separate: Flags.boolean({
      summary:
        "An authority each for coordinators, shards, agents and operators: KIND-ca.crt and KIND-ca.key",
    }),
  };

  async run(): Promise<AuthorityReport | SeparateReport> {
    const { flags } = await this.parse(CertAuthorityCommand);
    const { makeAuthorities, makeAuthority } = await import("../../client/cert/make-authority.ts");
    if (flags.separate) {
      const made = await makeAuthorities(flags.name, flags.out, Date.now());
      await this.printText(made, {
        kind: "Authorities",
        text: ({ name, cert, notAfter, authorities }) => [
          `the authorities of ${name}, until ${notAfter}`,
          ...authorities.flatMap(({ cert: certificate, key }) => [`  ${certificate}`, `  ${key}`]),
          `what operators trust: ${cert}`,
        ],
        name: ({ cert }) => cert,
      });
      return made;
    }
    const report = await makeAuthority(flags.name, flags.out, Date.now());
    await this.printText(report, {
      kind: "Authority",
      text: ({ name, cert, key, notAfter }) => [
        `the authority of ${name}, until ${notAfter}`,
        `  ${cert}`,
        `  ${key}`,
      ],
      name: ({ cert }) => cert,
    });
    return report;
  }
}
