// Help as oclif makes it, with one difference. For a command that does not exist, it prints a suggestion and exits with
// 127, as that command itself would.
import { Help } from "@oclif/core/help";
import { refuseCommand } from "./command-not-found.ts";

const NOT_FOUND = /^Command (\S+) not found\.$/;

export default class FleetHelp extends Help {
  override async showHelp(argv: string[]): Promise<void> {
    const unknown = await this.show(argv);
    if (unknown !== null) refuseCommand(unknown, this.config.commandIDs, argv);
  }

  /** Shows the help and returns null; if the command does not exist, returns its id and shows nothing. */
  async show(argv: string[]): Promise<string | null> {
    try {
      // Of these words oclif's help sees none but its own name, and shows the whole program.
      const own = argv.every((word) => word === "help" || word === "--help" || word === "-h");
      const command = own && argv.includes("help") ? this.config.findCommand("help") : undefined;
      if (command === undefined) await super.showHelp(argv);
      else await this.showCommandHelp(command);
      return null;
    } catch (error) {
      const unknown = error instanceof Error ? NOT_FOUND.exec(error.message)?.[1] : undefined;
      if (unknown === undefined) throw error;
      return unknown;
    }
  }
}
