// `fleet doctor`: what is wrong with a fleet, why it matters, and the command to run next.

import { Flags } from "@oclif/core";
import type { Severity } from "../client/doctor/check.ts";
import { type Diagnosis, diagnose, worst } from "../client/doctor/diagnose.ts";
import type { FleetReads } from "../client/fleet-reads.ts";
import { Exit } from "../core/base/errors.ts";
import { FleetCommand } from "../ui/cli/fleet-command.ts";
import { liveFlags } from "../ui/cli/output-flags.ts";
import type { TextView } from "../ui/cli/view.ts";
import { doctorJunit } from "../ui/model/doctor-junit.ts";
import { doctorLines } from "../ui/model/doctor-lines.ts";
import { paintLine } from "../ui/model/paint.ts";

const view: TextView<Diagnosis> = {
  kind: "Diagnosis",
  text: (diagnosis, { paint, symbols }) =>
    doctorLines(diagnosis, symbols).map((line) => paintLine(line, paint)),
  name: (diagnosis) => worst(diagnosis) ?? "sound",
};

const EXITS: Readonly<Record<Severity, Exit>> = {
  critical: Exit.NoQuorum,
  error: Exit.NoQuorum,
  warning: Exit.ChangesPending,
  info: Exit.Ok,
};

export default class Doctor extends FleetCommand {
  static override summary = "Check a fleet for known problems, and show what to do about each";
  static override description =
    "Checks coordinators, replication, disks, certificates, snapshots, shards, drift, instructions, quotas, this machine's files and your contexts. It changes nothing. Checks that cannot run (without a leader, or from another machine) are listed as skipped. Exits with 5 if a finding is critical or an error, with 8 if the worst is a warning, and with 0 otherwise.";
  static override examples = [
    "<%= config.bin %> doctor",
    "<%= config.bin %> doctor -o json",
    "<%= config.bin %> doctor --junit doctor.xml",
  ];
  static override flags = {
    ...liveFlags,
    junit: Flags.string({ summary: "Also write the result to this new file, as JUnit XML" }),
  };

  protected override get isLookingOnly(): boolean {
    return true;
  }

  async run(): Promise<Diagnosis> {
    const { flags } = await this.parse(Doctor);
    const load = async (client: FleetReads) => {
      const { gather } = await import("../client/doctor/gather.ts");
      return diagnose(client.target.name, await gather(client, process.env, Date.now()));
    };
    const exit = (diagnosis: Diagnosis) => EXITS[worst(diagnosis) ?? "info"];
    const diagnosis = await this.read(flags, { view, load, exit });
    if (flags.junit !== undefined) {
      const { writeJunitFile } = await import("../client/doctor/junit-file.ts");
      await writeJunitFile(flags.junit, doctorJunit(diagnosis));
      this.note(`written to ${flags.junit}`);
    }
    return diagnosis;
  }
}
