// `fleet cert rotate`: new keys and certificates under running processes; with --ca a new authority too.
import { Args, Flags } from "@oclif/core";
import type { RotationReport } from "../../client/cert/rotate.ts";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { confirmByName } from "../../ui/cli/confirm.ts";
import { LocalCommand, localFlags } from "../../ui/cli/local-command.ts";

export default class CertRotateCommand extends LocalCommand {
  static override summary = "Renew certificates of a local fleet while it runs";
  static override description =
    "Asks for the fleet's name; --yes skips the question. Processes use the new files without a restart; certs/replaced keeps the old ones. --ca also changes the authority, in three stages. A stage begins only after every process shows that it uses the files of the stage before. Certificates issued to others (fleet cert issue) become invalid with the old authority. So stop with --stage leaves, issue new ones, then run --ca again.";
  static override examples = [
    "<%= config.bin %> cert rotate n1",
    "<%= config.bin %> cert rotate --ca --stage leaves",
  ];
  static override strict = false;
  static override args = {
    name: Args.string({ description: "Names of the holders (see: fleet cert list; default: all)" }),
  };
  static override flags = {
    ...localFlags,
    ca: Flags.boolean({ summary: "Change to a new authority" }),
    stage: Flags.option({
      options: ["bundle", "leaves", "drop"] as const,
      dependsOn: ["ca"],
      summary: "Stop after this stage (default: drop, the last)",
    })(),
    yes: Flags.boolean({ summary: "Do not ask" }),
  };

  async run(): Promise<RotationReport> {
    const { flags, argv } = await this.parse(CertRotateCommand);
    const names = argv.map(String);
    if (flags.ca && names.length > 0) throw everybody();
    const [{ rotateLeaves }, { rotateAuthority }, { loadLocalFleet }] = await Promise.all([
      import("../../client/cert/rotate.ts"),
      import("../../client/cert/rotate-authority.ts"),
      import("../../client/files/local-fleet.ts"),
    ]);
    const fleet = await loadLocalFleet(await this.folder(flags));
    const what = flags.ca
      ? "change the authority"
      : `renew the certificates of ${names.join(", ") || "all holders"}`;
    await confirmByName(
      fleet.file.name,
      `${what} in ${fleet.directory}`,
      flags.yes,
      this.look(process.stderr).paint,
    );
    const { processes, clock, onProgress } = await this.deps();
    const deps = { processes, clock, onProgress, now: Date.now };
    const report = flags.ca
      ? await rotateAuthority(fleet, flags.stage ?? "drop", deps)
      : await rotateLeaves(fleet, names, deps);
    await this.printText(report, { kind: "CertificateRotation", text });
    return report;
  }
}

function text({ rotated, kept, down, stage }: RotationReport): string[] {
  return [
    `${rotated.length} ${rotated.length === 1 ? "certificate was" : "certificates were"} renewed; every process that runs uses the new files`,
    ...(stage === null
      ? []
      : [
          stage === "drop"
            ? "the old authority is no longer trusted"
            : `stopped after the stage ${stage}; continue with: fleet cert rotate --ca`,
        ]),
    ...(down.length === 0 ? [] : [`down, so their use of the new files is unverified: ${down.join(", ")}`]),
    ...(kept === null ? [] : [`the old files lie in ${kept}`]),
  ];
}

function everybody(): OperatorError {
  return new OperatorError("USAGE", {
    what: "--ca changes all certificates, and names were given",
    next: "leave out the names, or leave out --ca",
    exit: Exit.Usage,
  });
}
