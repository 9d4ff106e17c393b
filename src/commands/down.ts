// `fleet down`: stops the processes of a local fleet; its data stays.
import type { DownReport } from "../client/local/shut-down.ts";
import { LocalCommand, localFlags } from "../ui/cli/local-command.ts";
import { beginChange } from "../ui/cli/pipes.ts";

export default class Down extends LocalCommand {
  static override summary = "Stop a local fleet";
  static override description =
    "Stops all processes of the fleet, agents and shards first. Start it again with fleet up.";
  static override flags = { ...localFlags };

  async run(): Promise<DownReport> {
    const { flags } = await this.parse(Down);
    const { downFleet } = await import("../client/local/shut-down.ts");
    beginChange();
    const report = await downFleet(await this.folder(flags), await this.deps());
    await this.printText(report, {
      kind: "Stopped",
      text: (down) => [downText(down)],
    });
    return report;
  }
}

function downText({ name, killed, processes }: DownReport): string {
  if (processes === 0) return `fleet ${name} is down already: none of its processes was running`;
  const forced = killed.length === 0 ? "" : `; ${killed.join(", ")} had to be killed`;
  return `fleet ${name}: stopped ${processes} ${processes === 1 ? "process" : "processes"}${forced}`;
}
