// `fleet up`: starts what does not run of a local fleet.
import type { InitReport } from "../client/local/init.ts";
import { LocalCommand, localFlags } from "../ui/cli/local-command.ts";

export default class Up extends LocalCommand {
  static override summary = "Start a local fleet";
  static override description =
    "Starts the processes that are not running, then waits for a leader and a committed write. Exits with 5 and names them if processes run but do not answer.";
  static override flags = { ...localFlags };

  async run(): Promise<InitReport> {
    const { flags } = await this.parse(Up);
    const { upFleet } = await import("../client/local/init.ts");
    const directory = await this.folder(flags);
    const report = await upFleet(directory, await this.startingDeps(directory));
    await this.printStarted(report);
    return report;
  }
}
