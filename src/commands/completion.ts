// `fleet completion SHELL`: the script by which a shell completes commands, flags and the names of a fleet.
import { Args } from "@oclif/core";
import { BaseCommand } from "../ui/cli/base-command.ts";
import { writeData } from "../ui/cli/terminal.ts";
import { SCRIPTS, SHELLS } from "../ui/model/completion/scripts.ts";

export default class CompletionCommand extends BaseCommand {
  static override summary = "Print the script that completes fleet's command line in your shell";
  static override description =
    "It completes commands, flags and their values, and the names of shards, clusters, nodes, contexts, providers, roles, gates, plans and drills. The fleet is the one that the line names. A fleet that does not answer within 200 ms gives no names and no error. FLEET_COMPLETION_TIMEOUT=1s waits longer for a fleet that is far away. The program must be on the PATH.";
  static override examples = [
    "source <(<%= config.bin %> completion bash)   # in ~/.bashrc",
    "source <(<%= config.bin %> completion zsh)    # in ~/.zshrc, after compinit",
    "<%= config.bin %> completion fish > ~/.config/fish/completions/fleet.fish",
  ];
  static override hiddenAliases = ["autocomplete"];
  static override args = {
    shell: Args.string({ required: true, options: [...SHELLS], description: "bash, zsh or fish" }),
  };

  async run(): Promise<void> {
    const { args } = await this.parse(CompletionCommand);
    const shell = SHELLS.find((each) => each === args.shell);
    if (shell !== undefined) writeData(SCRIPTS[shell].trimEnd());
  }
}
