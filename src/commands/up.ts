// `fleet up`: starts what does not run of a local fleet.
import type { InitReport } from "../client/local/init.ts";
import { LocalCommand, localFlags } from "../ui/cli/local-command.ts";

export default class Up extends LocalCommand {
  static override summary = "Start a local fleet";
  static override description =
    "Starts the processes that are not running, then waits for a leader and a committed write.";
  static override flags = { ...localFlags };

  async run(): Promise<InitReport> {
    const { flags } = await this.parse(Up);
    const { upFleet } = await import("../client/local/init.ts");
    const report = await upFleet(await this.folder(flags), await this.deps());
    await this.printStarted(report);
    return report;
  }
}
