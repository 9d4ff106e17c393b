// Help as oclif makes it, but for one thing: asked about a command that does not exist, it answers as that command
// line itself is answered, with a suggestion and exit code 127, and not with an error of oclif's own form.
import { Help } from "@oclif/core/help";
import { refuseCommand } from "./command-not-found.ts";

const NOT_FOUND = /^Command (\S+) not found\.$/;

export default class FleetHelp extends Help {
  override async showHelp(argv: string[]): Promise<void> {
    try {
      await super.showHelp(argv);
    } catch (error) {
      const typed = error instanceof Error ? NOT_FOUND.exec(error.message)?.[1] : undefined;
      if (typed === undefined) throw error;
      refuseCommand(typed, this.config.commandIDs, argv);
    }
  }
}
