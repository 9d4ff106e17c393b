// `fleet serve nodes`: all coordinators of a local fleet in one process, in the foreground (ADR-0075).
import { Flags } from "@oclif/core";
import { roleFlags, ServeCommand } from "../../ui/cli/serve-command.ts";
import { sharedNodes } from "../../ui/cli/shared-nodes.ts";
import ServeCoordinator from "./coordinator.ts";

export default class ServeNodes extends ServeCommand {
  static override summary = "Run all coordinators of a local fleet in one process";
  static override description =
    "fleet init --in-process and fleet up start this one. Each coordinator has its own data folder, log and ports, as if it had a process of its own. They end together.";
  static override flags = {
    "log-level": roleFlags["log-level"],
    "fleet-dir": Flags.string({ required: true, summary: "The fleet's folder, with its fleet.yaml" }),
    bootstrap: Flags.boolean({ summary: "Bootstrap the fleet if the data folders are empty" }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(ServeNodes);
    const further = ["--log-level", flags["log-level"], ...(flags.bootstrap ? ["--bootstrap"] : [])];
    const nodes = await sharedNodes(flags["fleet-dir"]);
    await this.serveAll(
      await Promise.all(
        nodes.map(async ({ args, logFile }) => {
          const node = new ServeCoordinator([...args, ...further], this.config);
          return { ...(await node.described()), logFile };
        }),
      ),
    );
  }
}
