// `fleet down`: stops the processes of a local fleet; its data stays.
import type { DownReport } from "../client/local/shut-down.ts";
import { LocalCommand, localFlags } from "../ui/cli/local-command.ts";

export default class Down extends LocalCommand {
  static override summary = "Stop a local fleet";
  static override description =
    "Stops all its processes, agents and shards first. Start it again with fleet up.";
  static override flags = { ...localFlags };

  async run(): Promise<DownReport> {
    const { flags } = await this.parse(Down);
    const { downFleet } = await import("../client/local/shut-down.ts");
    const report = await downFleet(await this.folder(flags), await this.deps());
    await this.printText(report, {
      kind: "Stopped",
      text: ({ name, stopped, killed }) => [
        `fleet ${name}: stopped ${stopped.length} processes${killed.length > 0 ? `, killed ${killed.join(", ")}` : ""}`,
      ],
    });
    return report;
  }
}
