// `fleet cert rotate`: new keys and certificates under running processes; with --ca a new authority too.
import { Args, Flags } from "@oclif/core";
import type { RotationReport } from "../../client/cert/rotate.ts";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { confirmByName } from "../../ui/cli/confirm.ts";
import { LocalCommand, localFlags } from "../../ui/cli/local-command.ts";

export default class CertRotateCommand extends LocalCommand {
  static override summary = "Renew certificates of a local fleet while it runs";
  static override description =
    "Asks for the fleet's name; --yes answers it. Processes use the new files without a restart, and what was replaced is kept below certs/replaced. With --ca the authority changes too, in three stages, each begun only once every process is seen to have the one before in force: certificates issued to others (fleet cert issue) end with the old authority, so stop after the stage `leaves` until they have new ones.";
  static override examples = [
    "<%= config.bin %> cert rotate n1",
    "<%= config.bin %> cert rotate --ca --stage leaves",
  ];
  static override strict = false;
  static override args = {
    name: Args.string({ description: "Whose (see: fleet cert list); all, when none is named" }),
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
      import("../../client/local/local-fleet.ts"),
    ]);
    const fleet = await loadLocalFleet(await this.folder(flags));
    const what = flags.ca
      ? "change the authority"
      : `renew the certificates of ${names.join(", ") || "everybody"}`;
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
            ? "the old authority is trusted no more"
            : `stopped after the stage ${stage}; go on with: fleet cert rotate --ca`,
        ]),
    ...(down.length === 0 ? [] : [`down, and so not seen with them: ${down.join(", ")}`]),
    ...(kept === null ? [] : [`the old files lie in ${kept}`]),
  ];
}

function everybody(): OperatorError {
  return new OperatorError("USAGE", {
    what: "--ca is for everybody, and names were given",
    next: "leave the names away, or --ca",
    exit: Exit.Usage,
  });
}
