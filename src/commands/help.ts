// `fleet help [COMMAND]`: what --help says, of the whole program, a topic or a command. Unlike oclif's own plugin for
// it, it takes the flags of every other command, and fails as they do.
import { Args, Flags } from "@oclif/core";
import { BaseCommand } from "../ui/cli/base-command.ts";

export default class HelpCommand extends BaseCommand {
  static override summary = "Show what a command does, and how";
  static override examples = ["<%= config.bin %> help", "<%= config.bin %> help shard list"];
  static override strict = false;
  static override args = { command: Args.string({ description: "The command; without it, all commands" }) };
  static override flags = {
    "nested-commands": Flags.boolean({ char: "n", summary: "List the commands of every topic" }),
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(HelpCommand);
    const [{ default: FleetHelp }, { unknownCommand }] = await Promise.all([
      import("../ui/cli/help.ts"),
      import("../ui/cli/command-not-found.ts"),
    ]);
    const help = new FleetHelp(this.config, { all: flags["nested-commands"] });
    const unknown = await help.show(argv.map(String));
    if (unknown === null) return;
    const failure = unknownCommand(unknown, this.config.commandIDs);
    this.fail(failure);
    this.exitWith(failure.exit);
  }
}
