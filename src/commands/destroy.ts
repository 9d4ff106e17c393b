// `fleet destroy`: stops a local fleet and removes what `fleet init` made, once its name was typed out.
import { Flags } from "@oclif/core";
import type { DestroyReport } from "../client/local/shut-down.ts";
import { confirmByName } from "../ui/cli/confirm.ts";
import { LocalCommand, localFlags } from "../ui/cli/local-command.ts";

export default class Destroy extends LocalCommand {
  static override summary = "Stop and remove a local fleet, with all its data";
  static override description =
    "Asks for the fleet's name; --yes skips the question. Files that fleet did not make stay.";
  static override flags = { ...localFlags, yes: Flags.boolean({ summary: "Do not ask" }) };

  async run(): Promise<DestroyReport> {
    const { flags } = await this.parse(Destroy);
    const [{ destroyFleet }, { loadLocalFleet }] = await Promise.all([
      import("../client/local/shut-down.ts"),
      import("../client/files/local-fleet.ts"),
    ]);
    const fleet = await loadLocalFleet(await this.folder(flags));
    const { name } = fleet.file;
    await confirmByName(
      name,
      `destroy fleet ${name} in ${fleet.directory}, with all its data`,
      flags.yes,
      this.look(process.stderr).paint,
    );
    const report = await destroyFleet(fleet.directory, { confirmName: name }, await this.deps());
    await this.printText(report, {
      kind: "Destroyed",
      text: (done) => [`fleet ${done.name} is gone: ${done.directory}`, ...done.notes],
    });
    return report;
  }
}
